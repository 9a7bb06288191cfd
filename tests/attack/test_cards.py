"""Charts made to speak through a card: a FHIR text is shown as text, wherever a card shows it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from tests.builders import LOINC, concept, instant, medication, observation, quantity
from tests.contract.service import client, prefetch, request, searchset

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='https://evil.example'>dose</a>",
    "<b>b</b>",
    "<!-- x -->",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "</td></table><h1>x</h1>",
    "[dose](https://evil.example)",
    "[dose](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[dose][1]\n\n[1]: https://evil.example",
    "<https://evil.example>",
    "https://evil.example/reset",
    "http://evil.example",
    "www.evil.example",
    "WWW.evil.example",
    "mailto:nurse@evil.example",
    "nurse@evil.example",
    "HTTPS://evil.example",
    "`code`",
    "**give 80 mg/kg**",
    "# STOP",
    "~~x~~",
    "| a | b |\n| --- | --- |",
    "\n\n- give it",
    "1. give it",
    "> quote",
    "---",
    "***",
    "\\[x](https://evil.example)",
    "a\u2028b",
    "a\x00b",
    "\u202eesrever",
    "\x1b[31mred",
    "${7*7}",
    "{{7*7}}",
    "<svg/onload=alert(1)>",
    "|",
    "\\",
    "\\|",
    "x" * 5000,
]
ACTIVE = re.compile(r"<(?!/?(?:p|ul|ol|li|em|strong|table|thead|tbody|tr|th|td|hr|br|code|a)\b)[^>]*>", re.I)
"""Any element that our own cards do not have. Links are looked at by themselves."""
AUTOLINK = re.compile(r"https?://[-.\w]|www\.|[-.\w+]@[-\w]+\.", re.I)
"""What GitHub's Markdown makes a link of without being asked."""


@pytest.fixture(scope="module")
def service() -> FlaskClient:
    return client()


def chart(text: str) -> dict[str, Any]:
    """The text in every place of the chart that a card shows or may show."""
    other = concept("http://local.example", "1", text)
    hot = observation(text, concept(LOINC, "8310-5"), -1, valueQuantity=quantity("39.9", "Cel"))
    hot["code"]["text"] = hot["code"]["coding"][0]["display"] = text
    hot["note"] = [{"text": text}]
    device = observation("device", concept(LOINC, "107117-4"), -1, valueCodeableConcept=other)
    odd = observation(
        "odd", concept(LOINC, "59408-5"), -1, valueQuantity={"value": 91, "unit": text, "code": text}
    )
    drug = medication(
        "drug", "in-progress", medicationCodeableConcept=other, effectivePeriod={"start": instant(-3)}
    )
    drug["dosage"] = {"text": text, "rateQuantity": {"value": 1, "unit": text, "code": text}}
    whole: dict[str, Any] = prefetch(oxygen=searchset([device]))
    whole["vitals"]["entry"] += [{"resource": hot}, {"resource": odd}]
    whole["medications"]["entry"].append({"resource": drug})
    whole["patient"]["name"] = [{"text": text, "family": text}]
    return whole


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:16] for text in HOSTILE])
def test_text_of_a_chart_is_shown_as_text(service: FlaskClient, text: str) -> None:
    """No element, link or picture comes of it, and no row of a table is torn."""
    body = json.dumps(request(prefetch=chart(text)), default=str)
    answer = service.post(
        "/cds-services/crs-patient-view", data=body.encode(), content_type="application/json"
    )
    if "\x00" in text and answer.status_code == 400:
        return
    assert answer.status_code == 200, answer.text
    for card in (answer.json or {})["cards"]:
        shown = (
            MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(card["detail"])
        )
        assert not ACTIVE.search(shown), shown
        targets = "".join(re.findall(r'(?:href|src)="([^"]*)"', shown))
        assert "evil.example" not in targets
        assert "javascript" not in targets
        assert not AUTOLINK.search(re.sub(r'<a href="https://doi[^>]*>.*?</a>', "", shown)), shown
        assert "<strong>give" not in shown
        assert "evil.example" not in json.dumps(card.get("links", [])) + json.dumps(card["source"])
