"""The tables of the store. A change here needs a migration beside it; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """A time with its zone; SQLite, which knows no zones, gets it in UTC.

    The writer binds for itself (``rows``), in the same form.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_Number = BigInteger().with_variant(Integer(), "sqlite")

calls = Table(
    "calls",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("request_id", String(36), nullable=False),
    Column("time", Instant(), nullable=False, index=True),
    Column("hook_instance", String(36)),
    Column("service", String(64)),
    Column("client", Text()),
    Column("status", SmallInteger(), nullable=False),
    Column("error", String(32), comment="code of the refusal"),
    Column("assessment", String(32)),
    Column("lowest", SmallInteger(), comment="the grade, and how far what is missing could raise it"),
    Column("highest", SmallInteger()),
    Column("rules", Text()),
    Column("missing", Text()),
    Column("failures", Text(), comment="what could not be had, and why"),
    Column("cards", SmallInteger(), nullable=False),
    Column("duration_ms", Integer(), nullable=False),
    Column(
        "shadow",
        Boolean(),
        nullable=False,
        server_default=false(),
        comment="whether the cards were held back",
    ),
    Column("guideline", Text(), nullable=False),
    Column("guideline_sha256", String(64), nullable=False),
    Column("codebook_sha256", String(64), nullable=False),
    Column("version", String(32), nullable=False),
)

full_records = Table(
    "full_records",
    metadata,
    Column("request_id", String(36), primary_key=True),
    Column("time", Instant(), nullable=False, index=True),
    Column("expires", Instant(), nullable=False, index=True, comment="by the setting when it was made"),
    Column("inputs", LargeBinary(), nullable=False, comment="JSON, packed with zlib"),
    Column("response", LargeBinary(), nullable=False, comment="the bytes of the answer, packed with zlib"),
)

cards = Table(
    "cards",
    metadata,
    Column("id", _Number, primary_key=True),
    # Not indexed: uuids are spread over all pages of an index, and each page is written with each batch.
    Column("uuid", String(36), nullable=False),
    Column("time", Instant(), nullable=False, index=True),
    Column("request_id", String(36), nullable=False),
    Column("service", String(64), nullable=False),
    Column("rules", Text(), nullable=False),
    Column("patient_hash", String(64), nullable=False, comment="HMAC-SHA-256 of the patient's id"),
    Column("guideline", Text(), nullable=False),
    Column("guideline_sha256", String(64), nullable=False),
    Column("shadow", Boolean(), nullable=False, server_default=false(), comment="held back: nobody saw it"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("card", String(255), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("outcome_time", Instant(), nullable=False),
    Column("service", String(64), nullable=False),
    Column("client", Text()),
    Column("reason_system", String(255)),
    Column("reason_code", String(255)),
    Column("suggestions", Text(), comment="ids of the accepted suggestions, a JSON list"),
    Column("comment", Text()),
    Column("received", Instant(), nullable=False),
    Column(
        "digest", String(64), nullable=False, comment="SHA-256 of what was sent: the same again is no news"
    ),
    UniqueConstraint("digest", name="uq_feedback_digest"),
    Index("ix_feedback_received", "received"),
)
