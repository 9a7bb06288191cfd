"""The one form in which names and the codes of each system are compared.

Check digits are verified where a system has them, so that a mistyped code in a
table stops the start instead of silently matching nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


def plain(text: str) -> str:
    """A name for comparison: no case, underscores as blanks, single blanks."""
    return " ".join(text.casefold().replace("_", " ").split())


class Form(StrEnum):
    """How codes of a system are written."""

    PLAIN = "plain"
    LOINC = "loinc"
    SNOMED = "snomed"
    ICD = "icd"
    NDC = "ndc"


@dataclass(frozen=True, slots=True)
class System:
    id: str
    uri: str
    form: Form = Form.PLAIN


def loinc_is_valid(code: str) -> bool:
    """LOINC's check digit (modulus 10, every second digit doubled)."""
    match = re.fullmatch(r"(\d{1,7})-(\d)", code)
    if match is None:
        return False
    total = 0
    for position, digit in enumerate(reversed(match[1])):
        doubled = int(digit) * (2 if position % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return -total % 10 == int(match[2])


_DIHEDRAL = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
             "5987604321", "6598710432", "7659821043", "8765932104", "9876543210")  # fmt: skip
_SHUFFLE = ("0123456789", "1576283094", "5803796142", "8916043527",
            "9453126870", "4286573901", "2793806415", "7046913258")  # fmt: skip


def snomed_is_valid(code: str) -> bool:
    """SNOMED CT's check digit (Verhoeff's dihedral scheme)."""
    if not re.fullmatch(r"\d{6,18}", code):
        return False
    check = 0
    for position, digit in enumerate(reversed(code)):
        check = int(_DIHEDRAL[check][int(_SHUFFLE[position % 8][int(digit)])])
    return check == 0


def icd_forms(code: str) -> tuple[str, ...]:
    """ICD codes are compared in upper case and without the dot."""
    return (code.upper().replace(".", ""),)


def ndc_forms(code: str) -> tuple[str, ...]:
    """Labeler (5 digits) and product (4) of a National Drug Code, package dropped.

    Ten digits without hyphens leave open where the labeler ends: all three
    readings are returned, and the caller takes one only if it is the only hit.
    """
    labeler, *rest = code.split("-")
    if rest:
        product = rest[0]
        if all(part.isascii() and part.isdigit() for part in (labeler, *rest)):
            return (labeler.zfill(5) + product.zfill(4),) if len(labeler) <= 5 and len(product) <= 4 else ()
        return ()
    if not (code.isascii() and code.isdigit()):
        return ()
    if len(code) == 11:
        return (code[:9],)
    if len(code) == 10:
        return ("0" + code[:8], code[:5] + "0" + code[5:8], code[:9])
    return ()


def ndc_is_valid(code: str) -> bool:
    return len(ndc_forms(code)) == 1


def _as_is(code: str) -> tuple[str, ...]:
    return (code,)


FORMS: Mapping[Form, Callable[[str], tuple[str, ...]]] = MappingProxyType(
    {Form.PLAIN: _as_is, Form.LOINC: _as_is, Form.SNOMED: _as_is, Form.ICD: icd_forms, Form.NDC: ndc_forms}
)
CHECKS: Mapping[Form, Callable[[str], bool]] = MappingProxyType(
    {Form.LOINC: loinc_is_valid, Form.SNOMED: snomed_is_valid, Form.NDC: ndc_is_valid}
)
