"""What a limit vector charts and orders, and the card that it must get, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.spec.limits.cases import Vector
from tests.spec.words import listed, when

Row = dict[str, Any]

CHARTS = {
    "graded": "CRS grade 3",
    "well": "no CRS found",
    "not-gradable": "CRS cannot be graded",
    "diagnosis": "CRS as a diagnosis, no therapy on record",
    "not-considered": "no immune therapy, no CRS",
}
UNKNOWN = {"medications": "doses given could not be read", "orders": "active orders could not be read"}
UNITS = {"[lb_av]": "lb", "[iU]": "IU", "{pill}": "pills", "{vial}": "vials"}


def charted(vector: Vector) -> str:
    """``born 1971-01-01, 70 kg, CRS grade 3; given 560 mg 8 h ago; ordered: tocilizumab 560 mg``."""
    return listed(
        [
            ", ".join(_patient(vector)),
            *(f"given: {_given(row)}" for row in vector.given),
            *(f"active order: {_order(row)}" for row in vector.orders),
            *(f"diagnosis: {name}" for name in vector.conditions if name != "crs"),
            *(UNKNOWN[name] for name in vector.unknown),
            *(f"{'selected' if _is_selected(vector, n) else 'draft'}: {_order(row)}"
              for n, row in enumerate(vector.drafts)),
        ]
    )  # fmt: skip


def _is_selected(vector: Vector, number: int) -> bool:
    return vector.hook == "order-select" and number == 0


def _patient(vector: Vector) -> Iterator[str]:
    if vector.born != "1971-01-01":
        yield f"born {vector.born}" if vector.born else "age not known"
    if vector.weights:
        yield " and ".join(f"{_amount(row['weight'])} {when(row['h'])}" for row in vector.weights)
    else:
        yield _amount(vector.weight) if vector.weight else "no weight"
    yield CHARTS[vector.crs]
    if vector.infused_h != -72:
        yield f"cells {when(vector.infused_h)}"


def _amount(told: str) -> str:
    value, _, unit = told.partition(" ")
    return f"{value} {UNITS.get(unit, unit)}".strip()


def _given(row: Row) -> str:
    parts = (row.get("drug", "tocilizumab"), _amount(row.get("dose", "560 mg")), row.get("route", ""))
    return " ".join(
        [*filter(None, parts), *([f"({row['status']})"] if "status" in row else []), when(row["h"])]
    )


def _order(row: Row) -> str:
    told = " and ".join(_dosage({**row, **part}) for part in row.get("doses", [{}]))
    reason = f"for {row['reason']}" if "reason" in row else ""
    status = f"({row['status']})" if "status" in row else ""
    written = f"of {when(row['authored_h'])}" if "authored_h" in row else ""
    same = "the active order itself" if row.get("id") == "a1" else ""
    words = (row.get("drug", "tocilizumab"), told, reason, status, written, same)
    return " ".join(word for word in words if word)


def _dosage(row: Row) -> str:
    parts = (
        _amount(row["dose"]) if "dose" in row else "",
        f"“{row['text']}”" if "text" in row else "",
        f"every {row['every_h']} h" if "every_h" in row else row.get("code", ""),
        f"× {row['count']}" if row.get("count", 1) > 1 else "",
        f"to start {when(row['start_h'])}" if "start_h" in row else "",
        f"until {when(row['until_h'])}" if "until_h" in row else "",
        f"at {' and '.join(row['at'])}" if "at" in row else "",
        "as needed" if row.get("as_needed") else "",
        ROUTE.get(row.get("route", ""), row.get("route", "")),
    )
    return " ".join(part for part in parts if part)


ROUTE = {"none": "without a route", "intravenous": "by the vein"}


def expected(vector: Vector) -> str:
    expect = vector.expect
    others = [f"the other draft: {', '.join(found)}" for found in expect.get("others", {}).values()]
    if not expect["rules"]:
        return listed(["no card", *others])
    card = f"{expect['indicator']}: {', '.join(expect['rules'])}"
    offers = "; ".join(expect["offers"]) or "nothing"
    said = f"the card says: {' … '.join(expect['says'])}" if "says" in expect else ""
    unsaid = f"and not: {', '.join(expect['not_says'])}" if "not_says" in expect else ""
    return listed([card, f"offered: {offers}", *others, said, unsaid])
