"""What we offer comes back in order-sign as a draft: it must be read as what was proposed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from fhir_mappings import CodeBook
from fhir_mappings.facts import Order, OrderedDose, ProposedOrder, Route
from fhir_mappings.orders import read_drafts
from fhir_mappings.outbound import to_fhir
from tests import proposed_orders as orders

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
EXACT = msgspec.json.Encoder(decimal_format="number")
DECODER = msgspec.json.Decoder(float_hook=Decimal)
DRUGS = [order for order in orders.ALL if order.dose is not None]


@pytest.fixture(scope="module")
def book() -> CodeBook:
    return CodeBook.load()


def read_back(order: ProposedOrder, book: CodeBook) -> tuple[Order, OrderedDose]:
    """Through the JSON of the wire and back."""
    made = to_fhir(order, patient_id="p", encounter_id="e", authored_on=NOW)
    draft: Any = DECODER.decode(EXACT.encode({**made, "id": "d1"}))
    (read,) = read_drafts([draft], book, as_of=NOW, patient_id="p").orders
    (dose,) = read.doses
    return read, dose


@pytest.mark.parametrize("order", DRUGS, ids=[o.id for o in DRUGS])
def test_drug_dose_route_and_timing_are_those_proposed(order: ProposedOrder, book: CodeBook) -> None:
    read, dose = read_back(order, book)
    assert order.dose is not None
    assert (read.drug, read.certain, read.status) == (order.codings[0].display, True, "draft")
    assert read.reasons == {"crs"}
    assert dose.mass == order.dose
    assert (dose.route, dose.interval, dose.start) == (Route.INTRAVENOUS, order.interval, order.start)
    assert dose.problems == ()


@pytest.mark.parametrize(
    ("order", "count"),
    [
        (orders.TOCILIZUMAB, 1),
        (orders.DEXAMETHASONE, None),
        (orders.METHYLPREDNISOLONE, 6),
        (orders.TAPER_STEP, 4),
    ],
    ids=lambda value: value.id if isinstance(value, ProposedOrder) else str(value),
)
def test_a_course_has_as_many_doses_as_proposed(
    order: ProposedOrder, count: int | None, book: CodeBook
) -> None:
    assert read_back(order, book)[1].count == count
