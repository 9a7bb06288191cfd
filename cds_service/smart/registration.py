"""How the page is registered at the EHRs: the issuers that may launch it, the client, the redirect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cds_service.acquire.bases import same_base
from cds_service.errors import ConfigurationError
from cds_service.settings import Settings

LAUNCH, APP, TOKEN, ASSESSMENT = "/smart/launch", "/smart/app", "/smart/token", "/smart/assessment"


@dataclass(frozen=True, slots=True)
class Registration:
    """``issuers`` are FHIR base URLs as the EHRs write them; an issuer is named by its place among them."""

    public_url: str
    issuers: tuple[str, ...]
    client_id: str
    secret: str = ""
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"Registration({self.public_url!r}, {self.issuers!r}, {self.client_id!r})"

    @property
    def launch_url(self) -> str:
        return self.public_url + LAUNCH

    @property
    def redirect_uri(self) -> str:
        return self.public_url + APP

    @property
    def origin(self) -> str:
        return origin_of(self.public_url)

    def place_of(self, base: str) -> int | None:
        """Which issuer a launch names; None where it is not one that may launch."""
        return next((place for place, issuer in enumerate(self.issuers) if same_base(issuer, base)), None)


def registration(settings: Settings) -> Registration | None:
    """None where no issuer is set. Raises ConfigurationError where one is, and the page has no address."""
    if not settings.smart_issuers:
        return None
    if settings.public_url is None:
        raise ConfigurationError(
            "CRS_CDS_PUBLIC_URL: the SMART page needs the address at which browsers reach this service"
        )
    secret = settings.smart_client_secret
    return Registration(
        public_url=settings.public_url,
        issuers=settings.smart_issuers,
        client_id=settings.smart_client_id,
        secret=secret.get_secret_value() if secret else "",
        ca_file=str(settings.fhir_ca_file) if settings.fhir_ca_file else "",
    )


def companion(registered: Registration | None) -> Callable[[str | None], str]:
    """Where a card may link to: nowhere for an EHR that could not launch the page."""

    def address(server: str | None) -> str:
        if registered is None or (server is not None and registered.place_of(server) is None):
            return ""
        return registered.launch_url

    return address


def origin_of(url: str) -> str:
    """Scheme, host and port as a browser writes them."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    return f"{parts.scheme}://{host}{port}"
