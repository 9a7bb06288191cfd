"""What a case charts and what is expected of it, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.builders import Hours
from tests.spec.treatment.cases import Vector, hours_of, states
from tests.spec.vignettes.cases import Case

Row = dict[str, Any]

TESTS = {"1742-6": "ALT", "751-8": "neutrophils", "777-3": "platelets"}
UNITS = {"Cel": "°C", "[degF]": "°F", "10*3/uL": "×10³/µL", "U/L": "U/L", "[lb_av]": "lb"}
LAB_UNITS = {"creatinine": "mg/dL", "crp": "mg/L", "ferritin": "µg/L", "fibrinogen": "g/L"}
MISSING = {"medications": "administrations", "labs": "laboratory results"}
LACKING = {
    "notNow": "nothing against a dose now",
    "nextPossible": "no next time",
    "doseMg": "no amount in mg",
}
LEDGER = {
    "given": "{} given",
    "allowed": "of {}",
    "givenLast24h": "{} in 24 h",
    "doseMg": "dose {} mg",
    "basis": "({})",
    "otherRoutes": "{} by another route",
}


def listed(parts: Iterable[str]) -> str:
    return "; ".join(part for part in parts if part)


def number(value: object) -> str:
    amount = Decimal(str(value))
    return f"{amount.normalize():f}" if amount else "0"


def span(hours: Decimal) -> str:
    """``3 h``, ``7 h 59 min 59 s``, ``6 d``: exact to the second."""
    seconds = int((abs(hours) * 3600).to_integral_value())
    if seconds >= 4 * 86400 and not seconds % 86400:
        return f"{seconds // 86400} d"
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 h"


def when(told: Hours) -> str:
    hours = Decimal(str(hours_of(told)))
    return "now" if not hours else f"{span(hours)} ago" if hours < 0 else f"in {span(hours)}"


def times(told: Hours | list[Hours]) -> str:
    """``60, 50 and 40 h ago`` for a row that is charted more than once."""
    each = told if isinstance(told, list) else [told]
    return ", ".join(when(hour) for hour in each)


def row(entry: Row) -> str:
    """One charted row."""
    return f"{SAYS[entry['is']](entry)} {_period(entry)}"


def _period(entry: Row) -> str:
    if entry["is"] == "infusion":
        until = f" until {when(entry['until'])}" if "until" in entry else ""
        return f"since {when(entry['h'])}{until}"
    return times(entry["h"])


def _temperature(entry: Row) -> str:
    unit = UNITS[entry.get("unit", "Cel")]
    return f"{number(entry['value'])} {unit}" + (" as charted" if entry.get("as_charted") else "")


def _pressure(entry: Row) -> str:
    line = "arterial" if entry.get("line") == "arterial" else "systolic"
    return f"{line} {number(entry['systolic'])} mmHg"


def _oxygen(entry: Row) -> str:
    flow = f" {number(entry['flow'])} L/min" if "flow" in entry else ""
    fio2 = f" FiO2 {number(entry['fio2'])} %" if "fio2" in entry else ""
    reason = f" because of {entry['reason']}" if "reason" in entry else ""
    return f"{entry['device'].replace('-', ' ')}{flow}{fio2}{reason}"


def _lab(entry: Row) -> str:
    name = entry.get("test") or TESTS[entry["code"]]
    unit = LAB_UNITS.get(name) or UNITS.get(entry.get("unit", ""), "×10⁹/L")
    return f"{name} {number(entry['value'])} {unit}"


def _dose(entry: Row) -> str:
    route = entry.get("route", "")
    parts = (entry["drug"], entry.get("dose", ""), "" if route == "intravenous" else route)
    return " ".join(part for part in (*parts, _status(entry)) if part)


def _status(entry: Row) -> str:
    return f"({entry['status']})" if "status" in entry else ""


def _infusion(entry: Row) -> str:
    return " ".join(part for part in (entry["drug"], entry.get("rate", ""), _status(entry)) if part)


SAYS: Mapping[str, Callable[[Row], str]] = {
    "temperature": _temperature,
    "pressure": _pressure,
    "oxygen": _oxygen,
    "saturation": lambda entry: f"SpO2 {number(entry['value'])} %",
    "lab": _lab,
    "ice-score": lambda entry: f"ICE score {entry['value']}",
    "weight": lambda entry: f"weight {number(entry['value'])} {UNITS.get(entry.get('unit', ''), 'kg')}",
    "drug": _dose,
    "order": lambda entry: f"order: {_dose(entry)}, signed",
    "infusion": _infusion,
    "condition": lambda entry: f"diagnosis: {entry['condition'].replace('-', ' ')} {_status(entry)}".strip(),
}


def patient(case: Case | Vector) -> str:
    """``55 y, 70 kg, tisagenlecleucel 3 d ago``."""
    born = isinstance(case, Vector) and case.age_years is None and not case.vignette
    age = f"born {case.born}" if born and case.born != Case("", "", "", {}, ()).born else ""
    years = case.age_years if case.age_years is not None else Decimal(55)
    weight = f"{number(case.weight_kg)} kg" if case.weight_kg else "no weight at the infusion"
    product = f"{case.product} {when(case.infused_h)}" if case.product else "no immune therapy"
    return ", ".join((age or f"{number(years)} y", weight, product))


def charted(case: Case | Vector) -> str:
    if isinstance(case, Case):
        return listed([patient(case), *map(row, case.chart)])
    state = states()[case.state].says if case.state else ""
    absent = [f"{MISSING[name]} could not be read" for name in case.unknown]
    return listed([patient(case), state, *map(row, case.charted), *absent])


# ------------------------------------------------------------------ what is expected


def grade(lowest: int | None, highest: int | None) -> str:
    if lowest is None:
        return "no grade"
    return f"grade {lowest}" if lowest == highest else f"grade {lowest} to {highest}"


def graded(case: Case) -> str:
    """The status and grade of a grading vignette, and what is said beside it."""
    expect = case.expect
    status = "" if expect["status"] == "active" else f"{expect['status']}:"
    found = f"{status} {grade(expect.get('lowest'), expect.get('highest'))}".strip()
    onset = f"onset {when(expect['onset_h'])}" if "onset_h" in expect else ""
    peak = f"peak {expect['peak']}" if "peak" in expect else ""
    notes = ", ".join(f"`{note}`" for note in expect.get("notes", ()))
    return listed([found, onset, peak, f"said: {notes}" if notes else ""])


def advised(vector: Vector) -> str:
    return listed(_advised(vector, vector.expect))


def _advised(vector: Vector, expect: Mapping[str, Any]) -> Iterator[str]:
    if "grade" in expect:
        yield grade(*expect["grade"])
    for strength in ("recommended", "consider", "information"):
        rows = [f"`{a.id}` ({a.rule})" for a in vector.recommended if a.strength == strength]
        yield f"{strength}: {', '.join(rows)}" if rows else ""
    yield f"not: {', '.join(f'`{name}`' for name in expect['absent'])}" if expect.get("absent") else ""
    yield _ledger(expect.get("tocilizumab", {}))
    yield f"offered: {', '.join(expect['offered'])}" if "offered" in expect else ""
    yield f"not offered: {', '.join(expect['not_offered'])}" if expect.get("not_offered") else ""
    yield f"reasons to decline: {', '.join(expect['overrides'])}" if "overrides" in expect else ""
    if "delay" in expect:
        yield "a card of its own: delay the cells" if expect["delay"] else "no card of its own"
    yield f"the card says: {' … '.join(expect['text'])}" if "text" in expect else ""
    yield f"and not: {', '.join(expect['not_text'])}" if "not_text" in expect else ""


def _ledger(expect: Mapping[str, Any]) -> str:
    told = [words.format(expect[key]) for key, words in LEDGER.items() if key in expect]
    if "vialsMg" in expect:
        told.append(f"vials {' + '.join(expect['vialsMg'])} mg")
    if "nextPossible_h" in expect:
        told.append(f"next possible {when(expect['nextPossible_h'])}")
    told += [f"not now: {reason}" for reason in expect.get("notNow", ())]
    told += [f"flagged {flag}" for flag in expect.get("flags", ())]
    told += [LACKING[key] for key in expect.get("lacks", ()) if key in LACKING]
    return f"tocilizumab {', '.join(told)}" if told else ""
