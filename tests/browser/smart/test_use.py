"""Whether people can use the page: by eye, pointer, keys, screen reader and on paper, without waiting."""

from __future__ import annotations

import gzip
import os
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.smart.fake_ehr import FakeEhr
from tests.browser.smart.service import Watched, serving
from tests.browser.smart.stay import long_stay

PAGE = Path(__file__).parents[3] / "cds_service" / "smart"
MOST_BYTES = 120_000
LIGHT_GRADE_3 = "#bd4a22"
INTERACTIVE_MS = 1_000
ROOM = 6 if os.environ.get("CI") == "true" else 3
"""Other things may run on the machine of the tests; the time itself is printed."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["course", "trouble", "picker", "choice"])
def test_nothing_serious_stands_in_the_way_of_a_screen_reader(
    browser: Browser, base: str, ehr: FakeEhr, demo: str, scheme: str, place: str
) -> None:
    with browser.new_context(color_scheme=scheme) as context:  # type: ignore[arg-type]  # a literal of theirs
        watched = Watched(context)
        if place == "picker":
            watched.page.goto(f"{demo}/smart/launch")
            expect(watched.page.get_by_role("link", name="Demo 05")).to_be_visible()
        elif place == "choice":
            with serving(ehr.base, f"{ehr.origin}/other") as two:
                watched.page.goto(f"{two}/smart/launch")
        else:
            ehr.granted = {"patient": None} if place == "trouble" else {}
            watched.launch(base, ehr)
            for lane in ("grade", "temperature") if place == "course" else ():
                watched.table(lane)
        found = Axe().run(watched.page)
    grave = [v for v in found.response["violations"] if v["impact"] in ("serious", "critical")]
    assert grave == [], found.generate_report()


def test_the_whole_page_is_run_by_keys_alone(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.launch(base, ehr)
    keys, page = watched.page.keyboard, watched.page
    page.locator("body").press("Tab")
    expect(page.get_by_role("link", name="To the course")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reached = set()
    for _ in range(60):
        keys.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {"Zoom in", "Episode"} <= reached
    page.get_by_role("button", name="All").focus()
    keys.press("Enter")
    plot = page.get_by_role("group", name="Temperature")
    plot.focus()
    keys.press("End")
    keys.press("ArrowLeft")
    said = page.locator("#spoken").inner_text()
    assert "°C" in said
    assert "Observation/" in said
    expect(plot.locator(".tip")).to_contain_text("°C")
    summary = page.locator("#table-crp summary")
    summary.focus()
    keys.press("Enter")
    expect(page.locator("#table-crp table caption")).to_have_text("CRP")


def test_a_focus_can_be_seen(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.launch(base, ehr)
    watched.page.get_by_role("group", name="CRS grade").focus()
    watched.page.keyboard.press("Home")
    style = "getComputedStyle(document.activeElement).outlineStyle"
    assert watched.page.evaluate(style) == "solid"


def test_the_pointer_reads_value_time_and_source(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.launch(base, ehr)
    over = watched.page.locator("#lane-temperature .u-over")
    over.hover(position={"x": 300, "y": 40})
    tip = watched.page.locator("#lane-temperature .tip")
    expect(tip).to_contain_text("°C")
    expect(tip).to_contain_text("Observation/observation-")
    expect(watched.page.locator("#lane-spo2 .tip")).to_be_hidden()
    line = watched.page.locator("#lane-spo2 .u-cursor-x")
    expect(line).to_be_visible()


def test_one_zoom_moves_every_lane(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.launch(base, ehr)
    lanes = watched.page.locator(".plot canvas")
    before = lanes.evaluate_all("all => all.map(one => one.toDataURL())")
    over = watched.page.locator("#lane-temperature .u-over").bounding_box()
    assert over is not None
    watched.page.mouse.move(over["x"] + 100, over["y"] + 30)
    watched.page.mouse.down()
    watched.page.mouse.move(over["x"] + 300, over["y"] + 30, steps=4)
    watched.page.mouse.up()
    watched.page.wait_for_timeout(100)
    after = lanes.evaluate_all("all => all.map(one => one.toDataURL())")
    assert all(one != other for one, other in zip(before, after, strict=True))
    watched.page.get_by_role("button", name="Episode").click()
    watched.page.mouse.move(0, 0)
    watched.page.wait_for_timeout(100)
    assert lanes.evaluate_all("all => all.map(one => one.toDataURL())") == before


@pytest.mark.parametrize("width", [768, 1024, 1440])
def test_nothing_is_cut_off_at_the_width_of_a_tablet(
    watched: Watched, base: str, ehr: FakeEhr, width: int
) -> None:
    watched.page.set_viewport_size({"width": width, "height": 1000})
    watched.launch(base, ehr)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_gets_the_light_colours_and_no_buttons(browser: Browser, base: str, ehr: FakeEhr) -> None:
    with browser.new_context(color_scheme="dark") as context:
        watched = Watched(context)
        watched.launch(base, ehr)
        page = watched.page
        assert not is_drawn(page, LIGHT_GRADE_3)
        page.emulate_media(media="print")
        expect(page.get_by_role("button", name="Zoom in")).to_be_hidden()
        ground = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--paper')")
        assert ground == "#ffffff"
        page.wait_for_timeout(200)
        assert is_drawn(page, LIGHT_GRADE_3)
        widest = page.locator(".uplot").evaluate_all("all => Math.max(...all.map(one => one.offsetWidth))")
        assert widest <= 600, "narrower than a sheet"
        assert page.pdf().startswith(b"%PDF")


def is_drawn(page: Page, colour: str) -> bool:
    """Whether the plot of the grade has a pixel of this colour."""
    script = """(canvas, colour) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
        for (let i = 0; i < data.length; i += 4) {
            if (data[i] === r && data[i + 1] === g && data[i + 2] === b && data[i + 3] === 255) return true;
        }
        return false;
    }"""
    return bool(page.locator("#lane-grade canvas").evaluate(script, colour))


def test_grades_stay_apart_in_grey(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.launch(base, ehr)
    schemes: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
    for scheme in schemes:
        watched.page.emulate_media(color_scheme=scheme)
        script = "n => getComputedStyle(document.documentElement).getPropertyValue(`--grade-${n}`).trim()"
        greys = [grey(watched.page.evaluate(script, n)) for n in range(1, 5)]
        assert all(one - other > 0.08 for one, other in pairwise(greys)), (scheme, greys)


def grey(colour: str) -> float:
    """How bright a colour looks, from 0 to 1 (CIE L*)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    light: float = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.16 * float(light ** (1 / 3)) - 0.16


def test_five_days_are_on_the_screen_in_a_second(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """3,000 resources: from the EHR's redirect to a page that can be used."""
    with FakeEhr(long_stay(datetime.now(UTC), per_hour=8)) as ehr, serving(ehr.base) as base:
        assert 2_900 < len(ehr.resources) < 3_300
        times = []
        for _ in range(3):
            with browser.new_context() as context:
                watched = Watched(context)
                watched.launch(base, ehr)
                times.append(
                    watched.page.evaluate("performance.getEntriesByName('course-shown')[0].startTime")
                )
        with capsys.disabled():
            print(f"\n{len(ehr.resources)} resources: shown after {sorted(round(t) for t in times)} ms")  # noqa: T201
    assert min(times) < INTERACTIVE_MS * ROOM


def test_the_page_is_smaller_than_120_kb(base: str, watched: Watched, ehr: FakeEhr) -> None:
    """Everything that a browser fetches for it, packed as it is served."""
    fetched: set[str] = set()
    watched.page.on("request", lambda sent: fetched.add(sent.url) if sent.url.startswith(base) else None)
    watched.launch(base, ehr)
    fetched.discard(f"{base}/smart/assessment")
    sizes = {url: len(gzip.compress(watched.page.request.get(url).body())) for url in fetched}
    files = {path for path in (PAGE / "static").rglob("*") if path.suffix in (".js", ".css")}
    assert {url.split("/smart/static/")[1] for url in sizes if "/smart/static/" in url} >= {
        path.relative_to(PAGE / "static").as_posix() for path in files
    }, "a file that the page does not fetch is not needed"
    assert sum(sizes.values()) < MOST_BYTES


def test_the_wait_for_the_next_dose_goes_by_the_clock_of_the_service(watched: Watched, demo: str) -> None:
    """The clock of a workstation may be wrong: here it is two hours behind."""
    watched.page.clock.set_fixed_time(datetime.now(UTC) - timedelta(hours=2))
    watched.page.goto(f"{demo}/smart/launch")
    watched.page.get_by_role("link", name="Demo 12").click()
    expect(watched.page.locator(".countdown")).to_have_text(re.compile(r"^in 3 h \d+ min$"), timeout=20_000)


def test_reading_again_keeps_the_focus_and_says_what_it_does(
    watched: Watched, base: str, ehr: FakeEhr
) -> None:
    watched.launch(base, ehr)
    page = watched.page

    def slowly(route: Route) -> None:
        page.wait_for_timeout(800)
        route.continue_()

    page.route("**/smart/assessment", slowly)
    again = page.get_by_role("button", name="Read again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text(re.compile("Reading|Grading"))
    expect(page.locator("body")).to_have_attribute("data-state", "shown", timeout=15_000)
    expect(page.get_by_role("button", name="Read again")).to_be_focused()
    expect(page.locator("#status")).to_have_text("Read again.")


def test_a_page_that_was_left_open_says_how_old_it_is(watched: Watched, base: str, ehr: FakeEhr) -> None:
    watched.page.clock.install()
    watched.launch(base, ehr)
    shown = watched.page.locator(".as-of")
    expect(shown).to_contain_text("UTC")
    expect(shown).not_to_contain_text("ago")
    watched.page.clock.fast_forward("02:05:00")
    expect(shown).to_contain_text("2 h 5 min ago")
    watched.page.get_by_role("button", name="Read again").click()
    expect(shown).not_to_contain_text("ago", timeout=15_000)
