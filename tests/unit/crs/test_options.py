"""Where sources disagree: a choice of the site changes the advice as its table says, and is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.cards.document import assessment_document
from cds_service.cards.grading import grading_card
from cds_service.cards.wording.treatment import OPTION_WORDS
from cds_service.crs.assess import assess
from cds_service.crs.evidence import Assessment
from cds_service.crs.guideline import Guideline
from cds_service.tables import GUIDELINES, load_guideline
from fhir_mappings.facts import OxygenDevice
from tests.builders import NOW, Fact, Hours, Json, car_t, chart, infusion, oxygen, systolic, temperature
from tests.spec.treatment.reading import offers
from tests.unit.crs.treated import dose, tocilizumab_dose, weight

Choose = Callable[[str], Guideline]

CHOICES = {
    "grade-1-early=dexamethasone",
    "grade-2-dexamethasone=with-tocilizumab",
    "grade-4-steroid=1000-mg-3-days",
    "tocilizumab-interval=6-h",
    "proximity=2-weeks",
}


@pytest.fixture
def choose(tmp_path: Path) -> Choose:
    """The shipped table with one topic chosen otherwise, as a site would write it."""

    def with_choice(choice: str) -> Guideline:
        topic, _, chosen = choice.partition("=")
        head, mark, rest = (GUIDELINES / "astct-2019.toml").read_text("utf-8").partition(f"[options.{topic}]")
        assert mark
        lines = rest.split("\n")
        place = next(n for n, line in enumerate(lines) if line.startswith("chosen = "))
        lines[place] = f'chosen = "{chosen}"'
        file = tmp_path / "site.toml"
        file.write_text(head + mark + "\n".join(lines), "utf-8")
        return load_guideline(file)

    return with_choice


ROOM_AIR = oxygen(OxygenDevice.ROOM_AIR, 0)


def fever(since: Hours = 0) -> list[Fact]:
    hours = sorted({since, *(h for h in (-60, -40, -20, 0) if h > float(since))}, key=float)
    return [*(temperature(39, hour) for hour in hours), systolic(118, 0), ROOM_AIR]


def hypotension() -> list[Fact]:
    return [
        *(temperature(39, hour) for hour in (-36, -18, 0)),
        *(systolic(84, h) for h in range(-36, 1, 6)),
        *(oxygen(OxygenDevice.ROOM_AIR, h) for h in range(-36, 1, 6)),
    ]


def two_pressors(since: int = -2) -> list[Fact]:
    warm = [temperature(39, hour) for hour in [*range(since, 0, 20), 0]]
    running = [infusion(drug, since) for drug in ("norepinephrine", "epinephrine")]
    return [*warm, systolic(88, 0), *running, ROOM_AIR]


def judged(guideline: Guideline, facts: list[Fact], cells: Hours = -72) -> tuple[Assessment, Json]:
    assessment = assess(chart(car_t(cells), weight(70, -50), *facts), guideline, NOW)
    card = grading_card(assessment, guideline)
    assert card is not None
    return assessment, card


def ids(assessment: Assessment) -> set[str]:
    return {row.id for row in assessment.recommendations}


def test_these_are_all_choices_there_are() -> None:
    """A choice that is added needs its test here and its words on the card."""
    options = load_guideline("astct-2019").regimen.options.values()
    assert (
        {f"{o.topic}={choice}" for o in options for choice in o.choices[1:]} == CHOICES == set(OPTION_WORDS)
    )


def test_the_shipped_table_names_no_option() -> None:
    guideline = load_guideline("astct-2019")
    assessment, card = judged(guideline, fever())
    assert assessment.options == ()
    assert "options" not in assessment_document(assessment, guideline)
    assert "site options" not in card["detail"]


@pytest.mark.parametrize("choice", sorted(CHOICES))
def test_the_card_names_what_the_site_chose(choose: Choose, choice: str) -> None:
    guideline = choose(choice)
    assessment, card = judged(guideline, fever())
    assert assessment_document(assessment, guideline)["options"] == [choice]
    footer = card["detail"].splitlines()[-1]
    assert f"site options: {OPTION_WORDS[choice]}" in footer
    assert guideline.sha256 != load_guideline("astct-2019").sha256


def test_dexamethasone_early_at_grade_1(choose: Choose) -> None:
    """TX-4, an onset less than 72 h after the cells."""
    assessment, card = judged(choose("grade-1-early=dexamethasone"), fever(), cells="-71.99")
    assert "dexamethasone-early" in ids(assessment)
    assert "Dexamethasone 10 mg IV every 24 h" in offers(card)
    late, _ = judged(choose("grade-1-early=dexamethasone"), fever(), cells=-72)
    assert "dexamethasone-early" not in ids(late)
    default, _ = judged(load_guideline("astct-2019"), fever(), cells=-50)
    assert "dexamethasone-early" not in ids(default)


def test_dexamethasone_with_tocilizumab_at_grade_2(choose: Choose) -> None:
    """TX-7."""
    assessment, card = judged(choose("grade-2-dexamethasone=with-tocilizumab"), hypotension())
    assert {"dexamethasone-with-tocilizumab", "tocilizumab-first"} <= ids(assessment)
    assert "dexamethasone-if-persistent" not in ids(assessment)
    assert "Dexamethasone 10 mg IV every 12 h" in offers(card)
    assert "onsider dexamethasone 10 mg IV every 12–24 h with tocilizumab, by product" in card["detail"]


def test_a_thousand_milligrams_for_three_days_at_grade_4(choose: Choose) -> None:
    """TX-11."""
    guideline = choose("grade-4-steroid=1000-mg-3-days")
    _, card = judged(guideline, two_pressors())
    assert "Methylprednisolone 1000 mg IV every 24 h for 3 d *(TX-11)*" in card["detail"]
    assert "Methylprednisolone 1000 mg IV every 24 h for 3 doses" in offers(card)
    second, card = judged(guideline, [*two_pressors(-100), dose("methylprednisolone", 1000, -24)], cells=-110)
    assert "methylprednisolone-taper" in ids(second)
    assert "Methylprednisolone day 2: 1000 mg IV every 24 h" in card["detail"]
    assert "Methylprednisolone 1000 mg IV every 24 h for 2 doses" in offers(card)


def test_three_days_are_three_doses(choose: Choose) -> None:
    """TX-11: on the fourth day the course is complete, and nothing tells to go on."""
    given = [dose("methylprednisolone", 1000, hour) for hour in (-72, -48, -24)]
    still = infusion("norepinephrine", -100)
    was = infusion("epinephrine", -100, -30)
    facts: list[Fact] = [
        *(temperature(39, h) for h in (-100, -80, -60, -40, -20, 0)),
        systolic(98, 0),
        ROOM_AIR,
    ]
    assessment, card = judged(choose("grade-4-steroid=1000-mg-3-days"), [*facts, still, was, *given], -110)
    assert assessment.grade is not None
    assert assessment.grade.lowest == 3
    assert "Methylprednisolone day 4: the course is complete" in card["detail"]
    assert not [offer for offer in offers(card) if offer.startswith("Methylprednisolone")]


@pytest.mark.parametrize(("hours", "repeat"), [(-6, True), ("-5.99", False), (-7, True)])
def test_tocilizumab_every_6_hours(choose: Choose, hours: Hours, repeat: bool) -> None:
    """TX-6, DL-3."""
    guideline = choose("tocilizumab-interval=6-h")
    assessment, card = judged(guideline, [*hypotension(), tocilizumab_dose(560, hours)])
    assert ("tocilizumab-repeat" in ids(assessment)) == repeat
    assert ("tocilizumab-later" in ids(assessment)) != repeat
    assert ("Tocilizumab 560 mg IV over 60 min" in offers(card)) == repeat
    _, first = judged(guideline, hypotension())
    assert "again every 6 h if no better" in first["detail"]


def test_near_the_centre_for_two_weeks(choose: Choose) -> None:
    """TX-20."""
    assessment, card = judged(choose("proximity=2-weeks"), fever())
    assert "proximity-short" in ids(assessment)
    assert "proximity" not in ids(assessment)
    assert "for about 2 weeks after the infusion *(TX-20)*" in card["detail"]


def test_after_two_weeks_two_weeks_are_over(choose: Choose) -> None:
    assessment, _ = judged(choose("proximity=2-weeks"), fever(), cells=-15 * 24)
    assert "proximity-short" not in ids(assessment)
