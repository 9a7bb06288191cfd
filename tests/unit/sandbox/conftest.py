"""The sandbox on a clock that a test can move."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cds_service import sandbox


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(datetime(2026, 3, 1, 10, 30, 42, tzinfo=UTC))


@pytest.fixture
def client(clock: MovableClock) -> FlaskClient:
    app = Flask("sandbox")
    sandbox.register(app, clock)
    return app.test_client()
