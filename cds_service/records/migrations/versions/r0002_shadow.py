"""Whether the cards of a call were held back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = {"calls": "whether the cards were held back", "cards": "held back: nobody saw it"}


def upgrade() -> None:
    for table, comment in _TABLES.items():
        column: sa.Column[bool] = sa.Column(
            "shadow", sa.Boolean(), nullable=False, server_default=sa.false(), comment=comment
        )
        op.add_column(table, column)
