"""The limit vectors of this folder's TOML files, as the request that an EHR would send."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests import ordering
from tests.builders import (
    ICD_10_CM,
    ICD_10_PCS,
    LOINC,
    SNOMED,
    Hours,
    Json,
    concept,
    instant,
    observation,
    procedure,
    quantity,
)
from tests.contract.service import searchset
from tests.ordering import CRS, ICANS, PNEUMONIA, SELECT, SIGN, hook_request
from tests.spec.treatment.cases import hours_of

FOLDER = Path(__file__).parent
EXPECTED = frozenset({"rules", "indicator", "offers", "others", "says", "not_says"})
DOSAGE = frozenset(
    {"dose", "every_h", "count", "start_h", "until_h", "at", "route", "text", "code", "as_needed"}
)
DRAFT = DOSAGE | {"drug", "doses", "reason", "id", "status", "authored_h", "h", "intent"}
ROUTES = {
    "intravenous": ordering.IV,
    "subcutaneous": ordering.SUBCUTANEOUS,
    "oral": concept(SNOMED, "26643006"),
    "intramuscular": concept(SNOMED, "78421000"),
    "eye": concept(SNOMED, "54485002"),
}
REASONS = {
    "icans": concept(ICD_10_CM, "G92.03"),
    "premedication": concept(None, text="premedication"),
    "crs": concept(ICD_10_CM, "D89.832"),
}
CONDITIONS = {"infection": PNEUMONIA, "icans": ICANS, "crs": CRS}
CHARTS = ("graded", "well", "not-gradable", "diagnosis", "not-considered")
Row = dict[str, Any]


@dataclass(frozen=True)
class Vector:
    """Orders of one patient at one moment, and the card that they must get."""

    id: str
    rule: str
    says: str
    source: str
    drafts: Sequence[Row]
    expect: Mapping[str, Any]
    hook: str = SIGN
    weight: str = "70 kg"
    """Of six hours ago; empty for none."""
    weights: Sequence[Row] = ()
    """In place of it: ``h`` and ``weight``."""
    born: str = "1971-01-01"
    given: Sequence[Row] = ()
    orders: Sequence[Row] = ()
    conditions: Sequence[str] = ()
    crs: str = "graded"
    infused_h: Hours = -72
    unknown: Sequence[str] = ()
    """Searches whose answer is not known."""

    @property
    def resources(self) -> list[Json]:
        return [_request(row, f"d{number}") for number, row in enumerate(self.drafts, 1)]

    def request(self, drafts: list[Json] | None = None) -> Json:
        asked = ["MedicationRequest/d1"] if self.hook == SELECT else None
        sent = self.resources if drafts is None else drafts
        return hook_request(self.hook, sent, selections=asked, prefetch=self.chart())

    def chart(self) -> Json:
        told = self.weights or ([{"h": -6, "weight": self.weight}] if self.weight else ())
        around = ordering.without_crs if self.crs == "not-considered" else ordering.chart
        found = around(
            weights=map(_weight, told),
            doses=[_given(row, number) for number, row in enumerate(self.given)],
            orders=[_request({"status": "active", **row}, f"a{n}") for n, row in enumerate(self.orders, 1)],
            conditions=[CONDITIONS[name] for name in self.conditions],
            born=self.born or None,
        )
        if self.crs == "diagnosis":
            found |= {"procedures": searchset([])}
        elif self.crs != "not-considered":
            found |= {"procedures": searchset([_cells(self.infused_h)])}
        if self.crs in {"well", "not-gradable"}:
            running = [e["resource"] for e in found["medications"]["entry"] if e["resource"]["id"] != "ne"]
            found |= {"vitals": searchset(_vitals(self.crs)), "medications": searchset(running)}
            found |= {"oxygen": searchset([])}
        return found | dict.fromkeys(self.unknown)


def vectors() -> Iterator[Vector]:
    for file in sorted(FOLDER.glob("*.toml")):
        for row in read(file)["vector"]:
            yield Vector(**row)


def read(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)


def _cells(hours: Hours) -> Json:
    return procedure("car-t", concept(ICD_10_PCS, "XW033H7"), hours_of(hours))


def _vitals(kind: str) -> list[Json]:
    """A well patient, or one of whom only the saturation is charted."""
    saturation = observation("s", concept(LOINC, "59408-5"), -1, valueQuantity=quantity(97, "%"))
    temperature = observation("t", concept(LOINC, "8310-5"), -1, valueQuantity=quantity("36.8", "Cel"))
    pressure = observation("bp", concept(LOINC, "8480-6"), -1, valueQuantity=quantity(124, "mm[Hg]"))
    return [saturation, temperature, pressure] if kind == "well" else [saturation]


def _amount(told: str) -> tuple[str, str]:
    value, _, unit = told.partition(" ")
    return value, unit


def _weight(row: Row) -> Json:
    value, unit = _amount(row["weight"])
    return ordering.weight(Decimal(value), hours_of(row["h"]), unit)


def _given(row: Row, number: int) -> Json:
    value, unit = _amount(row.get("dose", "560 mg"))
    route = {"route": ROUTES[row.get("route", "intravenous")]}
    return ordering.given(
        row.get("drug", "tocilizumab"),
        hours_of(row["h"]),
        id=f"given{number}",
        status=row.get("status", "completed"),
        dosage=route | ({"dose": quantity(value, unit)} if value else {}),
    )


def _request(row: Row, identity: str) -> Json:
    instructions = [_instruction({**row, **each}) for each in row.get("doses", [{}])]
    members: Json = {"status": row.get("status", "draft"), "intent": row.get("intent", "order")}
    if "authored_h" in row:
        members["authoredOn"] = instant(hours_of(row["authored_h"]))
    if "reason" in row:
        members["reasonCode"] = [REASONS[row["reason"]]]
    told = [each for each in instructions if each]
    name = row.get("drug", "tocilizumab")
    return ordering.draft(name or None, *told, identity=row.get("id", identity), **members)


def _instruction(row: Row) -> Json:
    found: Json = {}
    if row.get("route", "intravenous") != "none":
        found["route"] = ROUTES.get(row.get("route", "intravenous"), {"text": row.get("route")})
    if "dose" in row:
        found["doseAndRate"] = [_dose(row["dose"])]
    if "text" in row:
        found["text"] = row["text"]
    if row.get("as_needed"):
        found["asNeededBoolean"] = True
    timing = _timing(row)
    return found | ({"timing": timing} if timing else {}) if "dose" in row or "text" in row or timing else {}


def _dose(told: str) -> Json:
    value, unit = _amount(told)
    low, _, high = value.partition("-")
    if high:
        return {"doseRange": {"low": quantity(low, unit), "high": quantity(high, unit)}}
    return {"doseQuantity": {"value": Decimal(value)} if not unit else quantity(value, unit)}


def _timing(row: Row) -> Json:
    repeat: Json = {}
    if "every_h" in row:
        repeat |= {"frequency": 1, "period": Decimal(str(row["every_h"])), "periodUnit": "h"}
    if "count" in row:
        repeat["count"] = row["count"]
    if "at" in row:
        repeat["timeOfDay"] = row["at"]
    bounds = {k: _time(row[f"{k}_h"]) for k in ("start",) if f"{k}_h" in row}
    if "until_h" in row:
        bounds["end"] = _time(row["until_h"])
    if bounds:
        repeat["boundsPeriod"] = bounds
    code = {"code": {"text": row["code"]}} if "code" in row else {}
    return {**({"repeat": repeat} if repeat else {}), **code}


def _time(told: Hours) -> str:
    return instant(hours_of(told))
