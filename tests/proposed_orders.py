"""One proposed order of every kind, as the treatment rules propose them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fhir_mappings.facts import Coding, ProposedOrder, Quantity

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
CRS = Coding(SNOMED, "710027002", "Cytokine release syndrome")
INTRAVENOUS = Coding(SNOMED, "47625008", "Intravenous route")
START = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


def _drug(order: str, code: str, mg: str, text: str) -> ProposedOrder:
    coding = Coding(RXNORM, code, order.partition("-")[0])
    amount = Quantity(Decimal(mg), "mg")
    return ProposedOrder(order, (coding,), text, CRS, amount, INTRAVENOUS)


HOUR = timedelta(hours=1)
TOCILIZUMAB = replace(
    _drug("tocilizumab", "612865", "560.0", "Tocilizumab 560 mg IV over 60 min"), duration=HOUR
)
TOCILIZUMAB_CHILD = replace(
    _drug("tocilizumab-child", "612865", "358.8", "Tocilizumab 358.8 mg IV over 60 min"),
    duration=HOUR,
    start=START,
)
DEXAMETHASONE = replace(
    _drug("dexamethasone", "3264", "10", "Dexamethasone 10 mg IV every 6 h"), interval=6 * HOUR
)
METHYLPREDNISOLONE = replace(
    _drug("methylprednisolone", "6902", "500", "Methylprednisolone 500 mg IV every 12 h for 6 doses"),
    interval=12 * HOUR,
    count=6,
)
TAPER_STEP = replace(
    _drug("methylprednisolone-250", "6902", "250", "Methylprednisolone 250 mg IV every 12 h for 4 doses"),
    interval=12 * HOUR,
    count=4,
    start=START,
)
FERRITIN = ProposedOrder(
    "ferritin",
    (Coding(LOINC, "2276-4", "Ferritin [Mass/volume] in Serum or Plasma"),),
    "Ferritin, daily",
    CRS,
    interval=24 * HOUR,
)
BLOOD_CULTURE = ProposedOrder(
    "blood-culture",
    (Coding(LOINC, "600-7", "Bacteria identified in Blood by Culture"),),
    "Blood culture",
    CRS,
)
ECHOCARDIOGRAM = ProposedOrder(
    "echocardiogram", (Coding(SNOMED, "40701008", "Echocardiography"),), "Echocardiogram", CRS, start=START
)
ALL = (
    TOCILIZUMAB,
    TOCILIZUMAB_CHILD,
    DEXAMETHASONE,
    METHYLPREDNISOLONE,
    TAPER_STEP,
    FERRITIN,
    BLOOD_CULTURE,
    ECHOCARDIOGRAM,
)
