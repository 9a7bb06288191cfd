"""The console's page and files, as they leave the server."""

import re
from importlib.resources import files
from itertools import pairwise

import pytest
from flask.testing import FlaskClient

from cds_service.sandbox import patients


def test_the_page_lists_every_patient_with_scenario_and_age(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    for scenario in patients.SCENARIOS.values():
        assert f'data-patient="{scenario.id}"' in page
        assert f"{scenario.title}<small>{scenario.age} y, {scenario.gender}</small>" in page


@pytest.mark.parametrize("address", ["/", "/console/console.js", "/console/console.css", "/console/icon.svg"])
def test_the_policy_allows_only_what_the_page_itself_serves(client: FlaskClient, address: str) -> None:
    with client.get(address) as response:
        assert response.status_code == 200
        policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'")
    assert "unsafe" not in policy


def test_another_service_is_named_in_the_policy_of_the_page_that_connects_to_it(client: FlaskClient) -> None:
    connected = client.get("/?compare=https://other.example/cds/")
    assert connected.headers["Content-Security-Policy"].endswith("connect-src 'self' https://other.example")
    assert 'data-compare="https://other.example/cds"' in connected.get_data(as_text=True)
    assert "other.example" not in client.get("/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "address",
    [
        "*",
        "https:",
        "other.example",
        "javascript:alert(1)",
        "https://user:word@other.example",
        "https://a.example https://b.example",
        "https://a.example;script-src *",
        "https://a.example/?x=1",
        "https://*.example",
        "https://[::1",
        "https://b\u00fccher.example",
    ],
)
def test_what_is_no_base_url_opens_the_policy_to_nobody(client: FlaskClient, address: str) -> None:
    answer = client.get("/", query_string={"compare": address})
    assert answer.headers["Content-Security-Policy"] == client.get("/").headers["Content-Security-Policy"]
    assert 'data-compare=""' in answer.get_data(as_text=True)


def test_the_page_has_no_inline_script_style_or_foreign_address(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    assert not re.findall(r"(?:src|href)=\"(?![/#])", page)


SVG = "http://www.w3.org/2000/svg"
"""The name of a namespace: nothing is fetched from there."""


def test_scripts_and_styles_name_no_other_host(client: FlaskClient) -> None:
    static = files("cds_service") / "sandbox" / "static"
    names = [found.name for found in static.iterdir() if found.name.endswith((".js", ".css"))]
    assert {"console.js", "orderpad.js", "compare.js", "ehr.css", "console.css"} <= set(names)
    for name in names:
        with client.get(f"/console/{name}") as response:
            text = response.get_data(as_text=True)
        assert response.status_code == 200
        assert not re.search(r"https?://\w", text.replace(SVG, "")), name


ON_EACH_OTHER = (
    ("text", "page"),
    ("text", "surface"),
    ("text", "accent-soft"),
    ("muted", "page"),
    ("muted", "surface"),
    ("muted", "sunken"),
    ("muted", "accent-soft"),
    ("accent", "page"),
    ("accent", "surface"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("info", "accent-soft"),
    ("warning", "warning-soft"),
    ("critical", "critical-soft"),
)


def palettes() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the style sheet by name: light and dark."""
    sheet = (files("cds_service") / "sandbox" / "static" / "console.css").read_text(encoding="utf-8")
    starts = [found.start() for found in re.finditer(r":root", sheet)] + [sheet.index("* {")]
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", sheet[start:end])) for start, end in pairwise(starts)
    )
    return light, dark


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), ON_EACH_OTHER)
def test_text_has_the_contrast_of_wcag_aa(palette: dict[str, str], front: str, back: str) -> None:
    darker, lighter = sorted((luminance(palette[front]), luminance(palette[back])))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
