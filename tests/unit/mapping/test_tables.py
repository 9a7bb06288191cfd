"""Table files: what is wrong in one stops the start, with file and key named."""

from pathlib import Path

import pytest

from fhir_mappings import CodeBook, TableError
from fhir_mappings.code_systems import CHECKS
from fhir_mappings.draft import Draft
from fhir_mappings.facts import Concept
from fhir_mappings.loading import SECTIONS, TABLES, read_table
from fhir_mappings.toml_entry import Entry
from tests.unit.mapping.fhir_json import LOCAL, book

HEAD = 'source = "a test"\ndate = 2026-03-10\n'
GOOD_CONCEPT = """
[[concept]]
id = "temperature"
display = "Body temperature"
unit = "Cel"
plausible = { low = 25, high = 45, source = "policy", date = 2026-03-10 }
codes = [{ system = "loinc", code = "8310-5", display = "Body temperature", standing = "verified" }]
"""


def read_observations(content: str) -> Draft:
    draft = Draft()
    for name in ("systems.toml", "units.toml"):
        read_table(draft, Entry.read(TABLES / name), SECTIONS[name])
    table = Entry.parse("observations.toml", (HEAD + content).encode())
    read_table(draft, table, SECTIONS["observations.toml"])
    return draft


def overlay(folder: Path, content: str, head: str = HEAD) -> Path:
    path = folder / "site.toml"
    path.write_text(head + content)
    return path


def test_a_right_table_is_read() -> None:
    assert read_observations(GOOD_CONCEPT).specs[Concept.TEMPERATURE].unit.code == "Cel"


@pytest.mark.parametrize(
    ("was", "becomes", "key", "why"),
    [
        ('unit = "Cel"\n', "", "concept[temperature].unit", "missing"),
        ('unit = "Cel"', 'unit = "Kelvin"', "concept[temperature].unit", "unit table"),
        ("low = 25", 'low = "cold"', "concept[temperature].plausible.low", "number"),
        ("low = 25", "low = 50", "concept[temperature].plausible.high", "above low"),
        ("low = 25", "low = nan", "concept[temperature].plausible.low", "finite"),
        ("low = 25", "low = true", "concept[temperature].plausible.low", "number"),
        ('source = "policy", ', "", "concept[temperature].plausible.source", "missing"),
        (", date = 2026-03-10 }\ncodes", " }\ncodes", "concept[temperature].plausible.date", "missing"),
        ("8310-5", "8310-6", "concept[temperature].codes[8310-6].code", "check digit"),
        ('"verified"', '"hearsay"', "concept[temperature].codes[8310-5].standing", "verified"),
        ('"loinc"', '"lionc"', "concept[temperature].codes[8310-5].system", "code system"),
        ('display = "Body temperature"\nunit', 'displya = "x"\ndisplay = "y"\nunit', "displya", "known key"),
        ('"temperature"', '"temprature"', "concept[temprature].id", "not one of"),
    ],
)
def test_a_fault_in_a_table_is_named(was: str, becomes: str, key: str, why: str) -> None:
    assert was in GOOD_CONCEPT
    with pytest.raises(TableError) as caught:
        read_observations(GOOD_CONCEPT.replace(was, becomes, 1))
    assert caught.value.file == "observations.toml"
    assert key in caught.value.key
    assert why in caught.value.why
    assert str(caught.value) == f"{caught.value.file}: {caught.value.key}: {caught.value.why}"


def test_a_code_in_two_concepts_is_refused_and_both_are_named() -> None:
    second = GOOD_CONCEPT.replace('id = "temperature"', 'id = "spo2"').replace('"Cel"', '"%"')
    with pytest.raises(TableError, match=r"concept\[spo2\].*8310-5.*temperature"):
        read_observations(GOOD_CONCEPT + second)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"site\.toml"):
        CodeBook.load(overlay(tmp_path, "[[concept"))


def test_a_missing_overlay_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"nowhere\.toml"):
        CodeBook.load(tmp_path / "nowhere.toml")


def test_a_table_without_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="source: is missing"):
        CodeBook.load(overlay(tmp_path, "", head="date = 2026-03-10\n"))


def test_an_overlay_adds_local_codes_texts_units_and_devices(tmp_path: Path) -> None:
    path = overlay(
        tmp_path,
        f"""
        concept = [{{ id = "temperature", codes = [{{ system = "{LOCAL}", code = "T1" }}] }}]
        drug = [{{ id = "norepinephrine", names = ["levarterenol"] }}]
        device = [{{ id = "high-flow-cannula", texts = ["Optiflow"] }}]
        unit = [{{ code = "L/min", texts = ["litres a minute"] }}]
        condition = [{{ id = "infection", codes = [{{ system = "{LOCAL}", code = "SEPSIS" }}] }}]
        therapy = [{{ id = "car-t-unspecified", codes = [{{ system = "{LOCAL}", code = "CELLS" }}] }}]
        """,
    )
    site = CodeBook.load(path)
    assert site.find(LOCAL, "T1") == book().find("http://loinc.org", "8310-5")
    assert site.drug_names["levarterenol"].drug.id == "norepinephrine"
    assert site.device_names["optiflow"].device == "high-flow-cannula"
    assert site.units.find("", "", "Litres a  minute") == book().units.codes["L/min"]
    assert site.find(LOCAL, "SEPSIS") is not None
    assert site.find(LOCAL, "CELLS") is not None
    assert site.sha256 != book().sha256


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ('[[drug]]\nid = "levitra"\n', "drug[levitra].id"),
        ('[[concept]]\nid = "mood"\n', "concept[mood].id"),
        ('[[unit]]\ncode = "smoot"\ntexts = ["smoots"]\n', "unit[smoot].id"),
        ('[[therapy]]\nid = "magic"\nnames = ["magic"]\n', "therapy[magic].id"),
        ('[[reason]]\nid = "because"\ntexts = ["because"]\n', "reason[because].id"),
        ('[[concept]]\nid = "temperature"\nunit = "K"\n', "concept[temperature].unit"),
        ('[[drug]]\nid = "dopamine"\ngroups = ["fluid"]\n', "drug[dopamine].groups"),
        ('[[drug]]\nid = "dopamine"\nnames = ["norepinephrine"]\n', "drug[dopamine].names"),
        ('[[unit]]\ncode = "L/min"\ntexts = ["mmHg"]\n', "unit[L/min].texts"),
        ('[[excluded]]\nid = "x"\n', "excluded[x].id"),
        ('[[timing]]\nid = "often"\ntexts = ["often"]\n', "timing[often].id"),
        ('[[timing]]\nid = "daily"\nonce = true\n', "timing[daily].once"),
        ('[[timing]]\nid = "daily"\ntexts = ["Q6H"]\n', "timing[daily].texts"),
        ('[[medicine]]\nid = "x"\n', "medicine"),
    ],
)
def test_an_overlay_defines_nothing_new_and_changes_nothing(content: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        CodeBook.load(overlay(tmp_path, content))
    assert caught.value.file == "site.toml"
    assert caught.value.key == key


def test_the_documented_overlay_is_a_right_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "site-codes.md").read_text()
    example = page.split("```toml\n")[1].split("```")[0]
    site = CodeBook.load(overlay(tmp_path, example, head=""))
    assert site.find("http://hospital.example/flowsheet", "ART-S") == site.find("http://loinc.org", "76215-3")
    assert site.reason_names["low gcs"].name == "airway-protection"


def test_an_overlay_cannot_rebind_a_code(tmp_path: Path) -> None:
    content = '[[concept]]\nid = "spo2"\ncodes = [{ system = "loinc", code = "8310-5" }]\n'
    with pytest.raises(TableError, match="already bound to temperature"):
        CodeBook.load(overlay(tmp_path, content))


def test_every_row_of_the_shipped_tables_says_where_it_comes_from() -> None:
    assert len(book().rows) > 400
    for row in book().rows:
        assert row.source, row
        assert row.display, row
        assert row.standing in ("verified", "single-source", "text") or row.table == "units", row


def test_every_shipped_code_passes_its_check_digit() -> None:
    systems = {system.uri: system for system in book().systems.values()}
    checked = [row for row in book().rows if row.code and systems[row.system].form in CHECKS]
    assert len(checked) > 100
    assert all(CHECKS[systems[row.system].form](row.code) for row in checked)


@pytest.mark.parametrize(
    "code", ["8330-3", "76278-1", "20124-4", "82611-5", "1999003", "6963", "3966", "1191", "XW043N7"]
)
def test_codes_whose_meaning_is_not_confirmed_or_not_wanted_are_left_out(code: str) -> None:
    assert all(row.code != code for row in book().rows)


def test_loading_is_repeatable() -> None:
    assert CodeBook.load().sha256 == book().sha256
    assert len(book().sha256) == 64
