"""Calls, full records, cards and feedback."""

import sqlalchemy as sa
from alembic import op

from cds_service.records.schema import Instant

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _calls()
    _full_records()
    _cards()
    _feedback()


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("hook_instance", sa.String(36)),
        sa.Column("service", sa.String(64)),
        sa.Column("client", sa.Text()),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("error", sa.String(32), comment="code of the refusal"),
        sa.Column("assessment", sa.String(32)),
        sa.Column(
            "lowest", sa.SmallInteger(), comment="the grade, and how far what is missing could raise it"
        ),
        sa.Column("highest", sa.SmallInteger()),
        sa.Column("rules", sa.Text()),
        sa.Column("missing", sa.Text()),
        sa.Column("failures", sa.Text(), comment="what could not be had, and why"),
        sa.Column("cards", sa.SmallInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("guideline", sa.Text(), nullable=False),
        sa.Column("guideline_sha256", sa.String(64), nullable=False),
        sa.Column("codebook_sha256", sa.String(64), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
    )
    op.create_index("ix_calls_time", "calls", ["time"])


def _full_records() -> None:
    op.create_table(
        "full_records",
        sa.Column("request_id", sa.String(36), primary_key=True),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("expires", Instant(), nullable=False, comment="by the setting when it was made"),
        sa.Column("inputs", sa.LargeBinary(), nullable=False, comment="JSON, packed with zlib"),
        sa.Column(
            "response", sa.LargeBinary(), nullable=False, comment="the bytes of the answer, packed with zlib"
        ),
    )
    op.create_index("ix_full_records_time", "full_records", ["time"])
    op.create_index("ix_full_records_expires", "full_records", ["expires"])


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("time", Instant(), nullable=False),
        sa.Column("request_id", sa.String(36), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("patient_hash", sa.String(64), nullable=False, comment="HMAC-SHA-256 of the patient's id"),
        sa.Column("guideline", sa.Text(), nullable=False),
        sa.Column("guideline_sha256", sa.String(64), nullable=False),
    )
    op.create_index("ix_cards_time", "cards", ["time"])


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("card", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_time", Instant(), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("client", sa.Text()),
        sa.Column("reason_system", sa.String(255)),
        sa.Column("reason_code", sa.String(255)),
        sa.Column("suggestions", sa.Text(), comment="ids of the accepted suggestions, a JSON list"),
        sa.Column("comment", sa.Text()),
        sa.Column("received", Instant(), nullable=False),
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of what was sent: the same again is no news",
        ),
        sa.UniqueConstraint("digest", name="uq_feedback_digest"),
    )
    op.create_index("ix_feedback_received", "feedback", ["received"])
