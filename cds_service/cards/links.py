"""What a card links to: the SMART page with the course of the patient."""

from __future__ import annotations

import json

from cds_service.cards.document import Json
from cds_service.cards.formats import rfc3339
from cds_service.cards.wording.companion import LINK_LABEL
from cds_service.crs.evidence import Assessment


def course_links(address: str, assessment: Assessment) -> Json:
    """The ``links`` of a card; nothing without an address. The page is told what the card said."""
    if not address:
        return {}
    link = {"label": LINK_LABEL, "url": address, "type": "smart", "appContext": _context(assessment)}
    return {"links": [link]}


def _context(assessment: Assessment) -> str:
    found: Json = {"asOf": rfc3339(assessment.as_of)}
    if assessment.grade is not None:
        found["grade"] = [assessment.grade.lowest, assessment.grade.highest]
    return json.dumps(found, separators=(",", ":"))
