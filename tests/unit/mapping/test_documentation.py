"""The example of the documentation does what it says."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "map-without-the-service.md"


def test_the_example_prints_what_the_page_shows() -> None:
    code, shown = re.findall(r"```(?:python|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert printed.getvalue() == shown
