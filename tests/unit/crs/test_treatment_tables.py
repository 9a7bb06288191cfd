"""The treatment half of a guideline and the drug tables: a slip stops the start, with file and key named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cds_service.errors import ConfigurationError
from cds_service.tables import DRUGS, GUIDELINES, load_guideline

SHIPPED = GUIDELINES / "astct-2019.toml"


def changed(file: Path, target: Path, was: str, becomes: str) -> Path:
    text = file.read_text("utf-8")
    assert was in text, was
    target.write_text(text.replace(was, becomes, 1), "utf-8")
    return target


@pytest.mark.parametrize(
    ("was", "becomes", "key"),
    [
        ('when = ["neutropenic"]', 'when = ["neutropaenic"]', "'neutropaenic' is not a condition"),
        ('unless = ["on-methylprednisolone"]', 'unless = ["sepsis"]', "'sepsis' is not a condition"),
        ('chosen = "8-h"', 'chosen = "12-h"', "options.tocilizumab-interval.chosen: must be one of 8-h, 6-h"),
        ('chosen = "none"', "", "options.grade-1-early.chosen: is missing"),
        (
            'option = "proximity=2-weeks"',
            'option = "distance=2-weeks"',
            "'distance' is not under [options]",
        ),
        ('strength = "recommended"', 'strength = "mandatory"', "strength"),
        ("grades = [3, 4]", "grades = [3.5]", "grades: must be a list of whole numbers"),
        ('id = "ventilation"', 'id = "intensive-care"', "intensive-care is there twice"),
        ("every_unit = \"h\"", 'every_unit = "d"', "every_unit: must be h"),
        ('dose = 500\nunit = "mg"', 'dose = 500\nunit = "g"', "unit: must be mg"),
        ('concepts = ["crp"]', 'concepts = ["crq"]', "'crq' is not one of"),
        ('line = "setting"', 'line = "setting"\ncolour = "red"', "colour: unknown key"),
        ('[windows.refractory]', '[windows.refractary]', "windows.refractory: is missing"),
        ('unit = "10*9/L"', 'unit = "/uL"', "thresholds.neutropenia.unit: must be 10*9/L"),
    ],
)  # fmt: skip
def test_a_slip_in_the_treatment_half_names_file_and_key(
    tmp_path: Path, was: str, becomes: str, key: str
) -> None:
    file = changed(SHIPPED, tmp_path / "site.toml", was, becomes)
    with pytest.raises(ConfigurationError) as caught:
        load_guideline(file)
    assert str(file) in str(caught.value)
    assert key in str(caught.value)


@pytest.mark.parametrize(
    ("drug", "was", "becomes", "key"),
    [
        (
            "tocilizumab",
            'option = "tocilizumab-interval=6-h"\n',
            'option = "tocilizumab-interval=8-h"\n',
            "two intervals are chosen",
        ),
        ("tocilizumab", 'below = 30\nunit = "kg"\n', "", "dose: weight bands overlap"),
        (
            "tocilizumab",
            '[[dose]]\nrule = "DL-1"\nper_kg = 8',
            '[[dose]]\nrule = "DL-1"\nbelow = 20\nunit = "kg"\nper_kg = 8',
            "dose: weight bands overlap",
        ),
        ("tocilizumab", 'unit = "kg"', 'unit = "lb"', "dose[0].unit: must be kg"),
        ("tocilizumab", "count = 3\n", 'count = 3\nhint = "rolling"\n', "limits.in-window.hint: unknown key"),
        ("tocilizumab", 'value = 800\nunit = "mg"', 'value = 800\nunit = "ug"', "limits.per-dose.unit"),
        ("tocilizumab", 'off_unit = "%"', 'off_unit = "mg"', "vials.off_unit: must be %"),
        ("tocilizumab", 'routes = ["intravenous"]', 'routes = ["nasal"]', "limits.route.routes"),
        ("tocilizumab", 'source = "nccn"', 'source = "hearsay"', "'hearsay' is not under [sources]"),
        ("dexamethasone", "[limits.per-dose]", "[limits.per-gram]", "limits.per-gram: unknown key"),
        ("methylprednisolone", "value = 2000", 'value = "2 g"', "limits.per-day.value: must be a number"),
        ("siltuximab", 'per_kg_unit = "mg/kg"', 'per_kg_unit = "mg"', "per_kg_unit: must be mg/kg"),
    ],
)
def test_a_slip_in_a_drug_table_names_file_and_key(
    tmp_path: Path, drug: str, was: str, becomes: str, key: str
) -> None:
    folder = tmp_path / "drugs"
    shutil.copytree(DRUGS, folder)
    changed(DRUGS / f"{drug}.toml", folder / f"{drug}.toml", was, becomes)
    with pytest.raises(ConfigurationError) as caught:
        load_guideline("astct-2019", folder)
    assert f"{drug}.toml" in str(caught.value)
    assert key in str(caught.value)


def test_an_option_that_no_row_knows_is_named(tmp_path: Path) -> None:
    """A drug table asks for a topic that the site's guideline dropped."""
    text = SHIPPED.read_text("utf-8")
    start = text.index("[options.tocilizumab-interval]")
    end = text.index("[options.proximity]")
    file = tmp_path / "site.toml"
    file.write_text(text[:start] + text[end:], "utf-8")
    with pytest.raises(ConfigurationError, match=r"tocilizumab\.toml.*'tocilizumab-interval' is not under"):
        load_guideline(file)
