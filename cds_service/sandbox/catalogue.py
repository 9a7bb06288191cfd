"""What can be ordered in the demo's order pad: drugs, units, routes and how often."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.sandbox import codes
from cds_service.sandbox.codes import RXNORM, SNOMED, Code
from cds_service.sandbox.elements import UCUM, UNIT_TEXT, Json, codeable
from cds_service.sandbox.orders import ORDERED


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug as the pad finds it: by its name, or by another that people use."""

    code: Code
    also: str = ""
    unit: str = "mg"
    route: str = "intravenous"


TOCILIZUMAB = Code(RXNORM, "612865", "tocilizumab")
TOCILIZUMAB_SUBCUTANEOUS = Code(RXNORM, "1441527", "tocilizumab subcutaneous form")
SILTUXIMAB = Code(RXNORM, "1535218", "siltuximab")
ORAL = Code(SNOMED, "26643006", "Oral route")

DRUGS = (
    Drug(TOCILIZUMAB, "Actemra, RoActemra"),
    Drug(TOCILIZUMAB_SUBCUTANEOUS, "Actemra syringe", route="subcutaneous"),
    Drug(SILTUXIMAB, "Sylvant", unit="mg/kg"),
    Drug(codes.DEXAMETHASONE, "Decadron"),
    Drug(codes.METHYLPREDNISOLONE, "Solu-Medrol"),
    Drug(codes.ACETAMINOPHEN, "paracetamol", route="oral"),
    Drug(codes.CEFEPIME),
    Drug(codes.LEVETIRACETAM),
    Drug(codes.AXI_CEL, "Yescarta, axi-cel"),
    Drug(codes.BREXU_CEL, "Tecartus, brexu-cel"),
    Drug(codes.LISO_CEL, "Breyanzi, liso-cel"),
    Drug(codes.TECLISTAMAB, "Tecvayli", unit="mg/kg", route="subcutaneous"),
)
ROUTES = {"intravenous": codes.INTRAVENOUS, "oral": ORAL, "subcutaneous": codes.SUBCUTANEOUS}
UNITS = ("mg", "mg/kg", "g", "ug", "mL")
HOURS = (6, 8, 12, 24)
"""Between two doses; besides there is a single one."""


def catalogue() -> Json:
    """All of it, as the page reads it."""
    return {
        "drugs": [
            {
                "name": drug.code.text,
                "also": drug.also,
                "unit": drug.unit,
                "route": drug.route,
                "concept": codeable(drug.code),
            }
            for drug in DRUGS
        ],
        "routes": [{"id": key, "concept": codeable(code)} for key, code in ROUTES.items()],
        "units": [{"code": unit, "unit": UNIT_TEXT.get(unit, unit)} for unit in UNITS],
        "ucum": UCUM,
        "hours": list(HOURS),
        "doseType": ORDERED,
    }
