"""The published specification says what the tests hold."""

from pathlib import Path

from tests.spec.render import PAGE, REQUIREMENTS, lines, page
from tests.spec.shapes.render import PAGE as SHAPES


def test_the_specification_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.spec.render"


def test_the_specification_links_to_requirements_and_shapes() -> None:
    text = PAGE.read_text("utf-8")
    for linked in (REQUIREMENTS, SHAPES):
        assert f"({linked.relative_to(PAGE.parent)})" in text
    for folder in ("vignettes", "treatment", "limits"):
        assert f"(../tests/spec/{folder})" in text
        assert (Path(__file__).parent / folder).is_dir()


def test_every_case_has_a_line_under_its_requirement() -> None:
    text = PAGE.read_text("utf-8")
    for rule, rows in lines().items():
        section = text.partition(f"## {rule}\n")[2].partition("\n## ")[0]
        assert section
        assert [row.id for row in rows if f"`{row.id}`" not in section] == []
