"""A drug gets limits by one file: nothing else is told of it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.settings import Settings
from cds_service.tables import DRUGS, load_guideline
from cds_service.web.routes import EXTENSION
from tests.builders import NOW, Json
from tests.contract.service import client
from tests.ordering import SIGN, answered, chart, dose, draft, every, given

ANAKINRA = """
[drug]
id = "anakinra"
version = "1"
date = 2026-03-01

[sources]
committee = { citation = "Committee of a hospital: anakinra in refractory CRS", date = 2026-03-01 }

[[dose]]
rule = "TX-13"
per_kg = 2
per_kg_unit = "mg/kg"
standing = "site policy"
source = "committee"

[limits.per-dose]
rule = "DL-2"
value = 100
unit = "mg"
standing = "site policy"
source = "committee"

[[limits.interval]]
rule = "DL-3"
value = 6
unit = "h"
standing = "site policy"
source = "committee"

[limits.in-window]
rule = "DL-4"
count = 4
value = 24
unit = "h"
standing = "site policy"
source = "committee"

[limits.route]
rule = "DL-7"
routes = ["intravenous", "subcutaneous"]
standing = "site policy"
source = "committee"

[limits.tolerance]
rule = "DL-10"
value = 50
unit = "%"
standing = "site policy"
source = "committee"
why = "it comes in syringes of one size"
"""


@pytest.fixture
def service(tmp_path: Path) -> FlaskClient:
    """The service with one file more among its drugs."""
    drugs = Path(shutil.copytree(DRUGS, tmp_path / "drugs"))
    (drugs / "anakinra.toml").write_text(ANAKINRA, "utf-8")
    app = create_app(Settings(auth="none"), clock=lambda: NOW)
    engine = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(engine, guideline=load_guideline("astct-2019", drugs))
    return app.test_client()


def broken(cards: list[Json]) -> list[str]:
    return [rule for card in cards for rule in card["extension"]["org.crs-cds.rules"]]


def test_its_limits_speak(service: FlaskClient) -> None:
    doses = [given("anakinra", -5, "100")]
    early = [draft("anakinra", dose(100))]
    (card,) = answered(service, SIGN, early, prefetch=chart(doses=doses))
    assert broken([card]) == ["DL-3"]
    assert card["summary"] == "Last anakinra 5 h ago: next dose not before 10:00"
    assert "*(DL-3, site policy)*" in card["detail"]
    assert broken(answered(service, SIGN, [draft("anakinra", dose("100.1"))])) == ["DL-2"]
    assert broken(answered(service, SIGN, [draft("anakinra", dose(40))])) == ["DL-10"]
    assert broken(answered(service, SIGN, [draft("anakinra", dose(100, timing=every(5)))])) == [
        "DL-3",
        "DL-4",
    ]


def test_within_its_limits_it_is_silent(service: FlaskClient) -> None:
    under_the_skin = draft("anakinra", dose(100, route={"text": "SC"}, timing=every(6)))
    assert answered(service, SIGN, [under_the_skin]) == []


def test_its_corrected_order_passes(service: FlaskClient) -> None:
    wrong = draft("anakinra", dose(200, route={"text": "SC"}, timing=every(4)))
    (card,) = answered(service, SIGN, [wrong])
    resource = card["suggestions"][0]["actions"][0]["resource"]
    assert resource["dosageInstruction"][0]["route"] == {"text": "SC"}
    assert answered(service, SIGN, [resource]) == []


def test_without_the_file_nothing_is_said_of_it() -> None:
    assert answered(client(), SIGN, [draft("anakinra", dose(5000))]) == []


def test_siltuximab_ships_with_its_limits() -> None:
    assert broken(answered(client(), SIGN, [draft("siltuximab", dose("847.1"))])) == ["DL-1"]
    assert answered(client(), SIGN, [draft("siltuximab", dose(770))]) == []
