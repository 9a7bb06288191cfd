"""Settings from the environment (prefix ``CRS_CDS_``), frozen; a gap or a contradiction stops the start."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from cds_service.errors import ConfigurationError

PREFIX = "CRS_CDS_"
SECRETS_DIR = "CRS_CDS_SECRETS_DIR"
"""A folder of settings as files, each under its whole name: as a vault or a platform hands them out."""
OTHERS = {"CRS_CDS_EXTERNAL_DATA", SECRETS_DIR}
"""Names of ours that are not settings of the service."""
ORIGIN = re.compile(r"https?://(?:[a-z0-9.\-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
"""An origin as a browser writes it: lower case, no path, no default port spelled out."""
BASE = re.compile(r"https?://(?:[a-z0-9.\-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?(?:/[\w.~\-]+)*/?", re.ASCII)
"""A base URL that is written in one way only: the audience of each token is compared with it exactly."""


class Settings(BaseSettings):
    """What a site may set. Lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    auth: Literal["jwt", "none"] = "jwt"
    clients: Path | None = None
    """The file of trusted EHRs; required with ``auth`` jwt."""
    public_url: str | None = None
    """The base URL that clients call; the audience of a token is this and the path."""
    redis_url: SecretStr | None = None
    """Where used tokens and rates are kept for all workers and replicas. Unset: in the one worker process."""
    rate_limit: int = Field(default=50, ge=1, le=100_000)
    """Calls a second that a client may make."""
    jwks_seconds: int = Field(default=300, ge=20, le=3_600)
    """How long a client's published keys are used after they were fetched."""
    fhir_servers: Annotated[tuple[str, ...], NoDecode] = ()
    """FHIR base URLs that may be called with ``auth`` none."""
    fhir_ca_file: Path | None = None
    """Certificates to trust for the FHIR server, in place of the usual ones (a hospital's own authority)."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may call the service from a browser."""
    smart_issuers: Annotated[tuple[str, ...], NoDecode] = ()
    """FHIR base URLs from which the SMART page may be launched. None: there is no such page."""
    smart_client_id: str = "crs-cds"
    """As the EHR registered the SMART page."""
    smart_client_secret: SecretStr | None = None
    """Of a confidential client; the service then exchanges the code. Unset: a public client."""
    guideline: str = "astct-2019"
    codes: Path | None = None
    """The site's overlay of local codes."""
    timezone: str | None = None
    """IANA zone for times without one, and for times on cards. Unset: such times are refused."""
    fhir_budget_ms: int = Field(default=2500, ge=100, le=60_000)
    database_url: SecretStr | None = None
    """Feedback and audit: postgresql://… or sqlite:///file. Unset: a SQLite file in the data directory."""
    data_dir: Path = Path("data")
    retention_days: int = Field(default=730, ge=1, le=36_500)
    audit_full_days: int = Field(default=0, ge=0, le=36_500)
    """How long full records, which hold patient data, are kept. 0: none are made."""
    feedback_comments: bool = False
    """Whether what clinicians write with an override is kept: free text may hold patient data."""
    patient_hash_key: SecretStr | None = Field(default=None, min_length=32)
    """Key of the hash of patient ids, the same for all replicas. Unset: a file in the data directory."""
    shadow: bool = False
    """Whether everything is computed and recorded, and no card is shown to anybody."""
    metrics: bool = True
    """Whether ``/metrics`` is answered."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("fhir_servers", "cors_origins", "smart_issuers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("fhir_servers", "smart_issuers")
    @classmethod
    def _urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            parts = urlsplit(server)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"{server!r} is not a FHIR base URL such as https://ehr.example/fhir")
        return value

    @field_validator("public_url")
    @classmethod
    def _base(cls, value: str | None) -> str | None:
        if value is not None and not BASE.fullmatch(value):
            raise ValueError(f"{value!r} is not a base URL such as https://cds.hospital.example/crs")
        return value.rstrip("/") if value else value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must begin with redis:// or rediss://")  # it may hold a password
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin as browsers send it, such as https://ehr.example"
                )
        return value

    @field_validator("fhir_ca_file")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.create_default_context(cafile=str(value))
            except (OSError, ValueError):  # SSLError is an OSError
                raise ValueError(f"{value}: not a readable file of PEM certificates") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"{value!r} is not an IANA time zone") from None
        return value

    @property
    def zone(self) -> ZoneInfo | None:
        return ZoneInfo(self.timezone) if self.timezone else None


def load_settings(**overrides: object) -> Settings:
    """Settings from the environment, and from the folder of secrets where there is one.

    The environment goes first. Raises ConfigurationError naming the setting at fault.
    """
    folder = _secrets()
    _refuse_unknown([name for name in os.environ if name.startswith(PREFIX) and name not in OTHERS])
    try:
        return Settings(_secrets_dir=folder, **overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    except SettingsError as error:  # says which field, not what it holds
        raise ConfigurationError(f"{SECRETS_DIR}: {folder}: {error}") from None


def _secrets() -> Path | None:
    """The folder of secrets, if one is set; raises ConfigurationError where it is not as it should be."""
    folder = os.environ.get(SECRETS_DIR)
    if not folder:
        return None
    try:
        found = [path.name.upper() for path in Path(folder).iterdir()]
    except OSError as error:
        raise ConfigurationError(f"{SECRETS_DIR}: {folder}: {type(error).__name__}") from None
    _refuse_unknown([name for name in found if name.startswith(PREFIX)])
    return Path(folder)


def _refuse_unknown(names: list[str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigurationError(f"{unknown[0]}: unknown setting; there are {', '.join(sorted(known))}")


def require_servable(settings: Settings, host: str, workers: int = 1) -> None:
    """Refuse to serve without a way to know the caller, except to this machine alone."""
    if settings.auth == "none":
        if not is_loopback(host):
            raise ConfigurationError(f"{PREFIX}AUTH=none is refused on {host}: bind to 127.0.0.1")
        return
    require_authentication(settings)
    if workers > 1 and settings.redis_url is None:
        raise ConfigurationError(
            f"{PREFIX}REDIS_URL: needed for {workers} workers: each token opens one call, whichever worker "
            "it reaches"
        )


def require_authentication(settings: Settings) -> tuple[Path, str]:
    """The clients file and the public URL. Raises ConfigurationError where one is not set."""
    if settings.clients is None:
        raise ConfigurationError(
            f"{PREFIX}CLIENTS: the file of trusted EHRs is needed with {PREFIX}AUTH=jwt, the default; "
            f"for trials on this machine alone there is {PREFIX}AUTH=none"
        )
    if settings.public_url is None:
        raise ConfigurationError(
            f"{PREFIX}PUBLIC_URL: the base URL that EHRs call is needed with {PREFIX}AUTH=jwt"
        )
    return settings.clients, settings.public_url


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
