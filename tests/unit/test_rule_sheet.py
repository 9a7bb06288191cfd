"""The sheet that a committee signs: every rule, number, option, source and hash, in well-formed HTML."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from cds_service.cards.wording import rule_sheet as wording
from cds_service.cli import main
from cds_service.commands.rule_sheet import rule_sheet
from cds_service.commands.table_files import code_files, rule_files
from cds_service.crs.guideline import Guideline
from cds_service.crs.regimen import CONDITIONS
from cds_service.tables import DRUGS, GUIDELINES, ORDERS, guideline_path, load_codebook, load_guideline

SHIPPED = GUIDELINES / "astct-2019.toml"
PRINTED = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
VOID = {"meta", "col", "br"}


class Sheet(HTMLParser):
    """The text of each line by its key, and every tag closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, str]] = []
        self.text: dict[str, str] = {}
        self.links: dict[str, list[str]] = {}
        self.ids: dict[str, str] = {}
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "a":
            for _, key in self.open:
                self.links.setdefault(key, []).append(found["href"] or "")
        if tag not in VOID:
            self.open.append((tag, found.get("data-key") or found.get("id") or ""))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        for _, key in self.open:
            if key:
                self.text[key] = self.text.get(key, "") + data.replace("\N{NO-BREAK SPACE}", " ")


def printed(guideline: Guideline, path: Path = SHIPPED, overlay: Path | None = None) -> str:
    return rule_sheet(guideline, load_codebook(overlay), path, overlay, PRINTED)


GUIDELINE = load_guideline("astct-2019")
PAGE = printed(GUIDELINE)
SHEET = Sheet(PAGE)


def test_the_page_is_well_formed() -> None:
    assert (SHEET.faults, SHEET.open) == ([], [])
    assert PAGE.lstrip().startswith("<!doctype html>")


def test_the_page_needs_nothing_else_and_runs_nothing() -> None:
    assert {tag for tag, _ in SHEET.tags} & {"script", "link", "img", "iframe", "form"} == set()
    assert {href[0] for links in SHEET.links.values() for href in links} == {"#"}
    assert not re.search(r"url\(|@import", PAGE)


def test_each_table_has_a_caption_and_heads_with_a_scope() -> None:
    tables = sum(tag == "table" for tag, _ in SHEET.tags)
    assert tables == sum(tag == "caption" for tag, _ in SHEET.tags)
    assert all(found.get("scope") in ("col", "row") for tag, found in SHEET.tags if tag == "th")


@pytest.mark.parametrize("rule", GUIDELINE.rules, ids=lambda rule: rule.key)
def test_every_rule_is_there_with_its_standing_and_the_citation_of_its_source(rule: Any) -> None:
    shown = SHEET.text[rule.key]
    assert rule.rule in shown
    if rule.key.startswith("orders.toml: "):
        assert rule.source in shown or rule.standing == "text only"
        return
    assert rule.standing in shown.lower()
    assert rule.citations
    cited = [SHEET.text[link.removeprefix("#")] for link in SHEET.links[rule.key]]
    for citation in rule.citations:
        assert any(citation.citation in row and citation.date.isoformat() in row for row in cited), citation


def test_no_source_is_left_unresolved() -> None:
    targets = {found["id"] for _, found in SHEET.tags if "id" in found}
    assert {href.removeprefix("#") for links in SHEET.links.values() for href in links} <= targets
    assert all(table.sources for table in GUIDELINE.drugs.values())
    assert all(rule.citations for rule in GUIDELINE.rules if not rule.key.startswith("orders.toml"))


def test_a_line_of_a_drug_names_its_file() -> None:
    keys = {rule.key for rule in GUIDELINE.rules}
    assert {"tocilizumab.toml: limits.per-dose", "siltuximab.toml: dose[0]"} <= keys
    assert "orders.toml: order[0]" in keys
    assert len(keys) == len(GUIDELINE.rules)


def numbers(data: Any, path: str = "") -> Iterator[tuple[str, Decimal]]:
    """Every number of a table with the key of its line."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            inner = isinstance(value, Mapping) or (isinstance(value, list) and any(map(_is_table, value)))
            yield from numbers(value, f"{path}.{key}".strip(".") if inner else path)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from numbers(value, f"{path}[{index}]" if _is_table(value) else path)
    elif isinstance(data, int | Decimal) and not isinstance(data, bool):
        yield path, Decimal(data)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(), parse_float=Decimal)


EVERY = [
    *numbers(read(SHIPPED)),
    *(
        (f"{file.name}: {key}", value)
        for file in sorted(DRUGS.glob("*.toml"))
        for key, value in numbers(read(file))
    ),
]
SAID_OTHERWISE = {("siltuximab.toml: limits.total", Decimal(1)): "One dose in all"}


def test_there_are_numbers_to_look_for() -> None:
    assert len(EVERY) > 200


@pytest.mark.parametrize(("key", "value"), EVERY, ids=str)
def test_each_number_is_the_one_of_its_table(key: str, value: Decimal) -> None:
    shown = SHEET.text[key]
    if (key, value) in SAID_OTHERWISE:
        assert SAID_OTHERWISE[key, value] in shown
    elif key.startswith("hypotension[") and value == 0:
        assert "× age" not in shown
    else:
        found = {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", shown.replace(",", ""))}
        assert value in found


def test_every_option_shows_its_choices_and_the_one_that_was_made() -> None:
    for option in GUIDELINE.regimen.options.values():
        shown = " ".join(SHEET.text[f"options.{option.topic}"].split())
        for name in option.choices:
            state = "chosen" if name == option.chosen else "not chosen"
            assert f"{name}: {state}" in shown


def test_advice_is_in_clinical_words_with_its_conditions() -> None:
    """TX-5, TX-7: what the cards say, and when."""
    rows = {row.id: row.key for row in (*GUIDELINE.regimen.advice, *GUIDELINE.regimen.not_chosen)}
    first = " ".join(SHEET.text[rows["tocilizumab-first"]].split())
    assert "8 mg/kg IV (12 mg/kg below 30 kg), at most 800 mg; again every 8 h" in first
    persistent = " ".join(SHEET.text[rows["dexamethasone-persistent"]].split())
    assert "Dexamethasone 10 mg IV every 12–24 h" in persistent
    assert "When systolic below the limit in the last 6 h, after a fluid bolus" in persistent
    assert "Not chosen" in SHEET.text[rows["dexamethasone-early"]]
    assert len(rows) == sum(key in SHEET.text for key in rows.values())


def test_every_condition_and_every_row_has_its_words() -> None:
    assert set(wording.CONDITIONS) == CONDITIONS
    for name in CONDITIONS:
        assert "{" not in wording.condition(name, GUIDELINE)
    for row in (*GUIDELINE.regimen.advice, *GUIDELINE.regimen.not_chosen):
        assert "None" not in wording.advice(row, GUIDELINE)


def test_files_and_hashes_are_those_of_the_assessment() -> None:
    files = rule_files(GUIDELINE, SHIPPED)
    contents = [SHIPPED, *sorted(DRUGS.glob("*.toml")), ORDERS]
    assert [file.sha256 for file in files] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in contents
    ]
    together = hashlib.sha256(b"".join(path.read_bytes() for path in contents)).hexdigest()
    assert GUIDELINE.sha256 == together
    for shown in (together, *(file.sha256 for file in (*files, *code_files(None)))):
        assert shown in PAGE


def test_it_ends_with_places_to_sign_and_says_when_it_was_printed() -> None:
    assert "25 Nov 2026, 09:30 UTC" in PAGE
    end = PAGE[PAGE.index('id="signing"') :]
    for head in ("Name", "Role", "Decision", "Date", "Signature", "accepted", "to be changed"):
        assert head in end


def test_site_policy_is_marked_in_words() -> None:
    policies = [rule for rule in GUIDELINE.rules if rule.standing == "site policy"]
    assert all("Site policy" in SHEET.text[rule.key] for rule in policies)
    assert f"of which {len(policies)} are site policy" in PAGE


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A guideline of a site that chose otherwise, with text that would be markup."""
    text = SHIPPED.read_text()
    changes = {
        'id = "astct-2019"': 'id = "site-2026"',
        'chosen = "8-h"': 'chosen = "6-h"',
        'title = "ASTCT': 'title = "<b>St. Anne & Co</b> ASTCT',
        "value = 38.0": "value = 38.3",
        'line = "refractory"': 'line = "last-resort"',
    }
    for was, becomes in changes.items():
        assert was in text
        text = text.replace(was, becomes, 1)
    file = tmp_path / "site.toml"
    file.write_text(text)
    return file


def test_a_guideline_of_a_site_is_printed_with_its_choices_and_escaped(site: Path) -> None:
    page = printed(load_guideline(site), site)
    sheet = Sheet(page)
    assert sheet.faults == []
    assert "&lt;b&gt;St. Anne &amp; Co&lt;/b&gt;" in page
    assert "38.3 °C" in sheet.text["thresholds.fever"]
    assert "Not chosen" in sheet.text["tocilizumab.toml: limits.interval[0]"]
    assert "Not chosen" not in sheet.text["tocilizumab.toml: limits.interval[1]"]
    assert "again every 6 h" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "last-resort" in page
    assert str(site) in page
    assert hashlib.sha256(site.read_bytes()).hexdigest() in page


def test_the_overlay_of_a_site_is_named_with_its_hash(tmp_path: Path) -> None:
    overlay = tmp_path / "codes.toml"
    overlay.write_text('source = "<export>"\ndate = 2026-03-01\n')
    page = printed(GUIDELINE, overlay=overlay)
    assert hashlib.sha256(overlay.read_bytes()).hexdigest() in page
    assert "2026-03-01" in page


def test_the_command_prints_the_sheet_of_the_guideline_in_use(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRS_CDS_GUIDELINE", str(site))
    assert main(["tables", "show", "--format", "html"]) == 0
    assert "site-2026" in capsys.readouterr().out
    assert guideline_path(str(site)) == site


def test_the_text_names_the_sources_of_the_drugs_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tables", "show"]) == 0
    shown = capsys.readouterr().out
    assert "tocilizumab: label: FDA approval summary" in shown
    assert "(tocilizumab.toml: limits.per-dose)" in shown
    assert "at least 6 h between doses (option tocilizumab-interval=6-h)" in shown
