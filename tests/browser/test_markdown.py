"""The Markdown of cards, rendered in the page: as GitHub does, and never as HTML."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def render(browser: Browser, served: str) -> Iterator[Callable[[str], str]]:
    """``render(markdown)`` gives the HTML that the page makes of a card's detail."""
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(served)

        def made(markdown: str) -> str:
            html: str = page.evaluate(RENDER, markdown)
            return html

        yield made


RENDER = """async (text) => {
    const { renderMarkdown } = await import("/console/markdown.js");
    const box = document.createElement("div");
    box.append(renderMarkdown(text));
    return box.innerHTML;
}"""

MARKDOWN = {
    "one\ntwo\n\nthree": "<p>one two</p><p>three</p>",
    "**Now:** grade *3*, ***both***": "<p><strong>Now:</strong> grade <em>3</em>, "
    "<strong><em>both</em></strong></p>",
    "a  \nb\\\nc": "<p>a<br>b<br>c</p>",
    "`code **x**` __b__ _i_ snake_case_name 2 * 3 * 4": "<p><code>code **x**</code> <strong>b</strong> "
    "<em>i</em> snake_case_name 2 * 3 * 4</p>",
    "**Do**\n1. a *(TX-9)*; b *(TX-19)*\n2. c": "<p><strong>Do</strong></p>"
    "<ol><li>a <em>(TX-9)</em>; b <em>(TX-19)</em></li><li>c</li></ol>",
    "1. a\n2. b *(TX-9)*\n\n- c\n- d": "<ol><li>a</li><li>b <em>(TX-9)</em></li></ol>"
    "<ul><li>c</li><li>d</li></ul>",
    "- a\n  - b\n- c": "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
    "text\n- item": "<p>text</p><ul><li>item</li></ul>",
    r"38\.5 \*not bold\* \| \_x\_ \<i>": "<p>38.5 *not bold* | _x_ &lt;i&gt;</p>",
    "&lt;b&gt; &#38; &amp;lt;": "<p>&lt;b&gt; &amp; &amp;lt;</p>",
    "### Do": "<h4>Do</h4>",
    "> said": "<blockquote><p>said</p></blockquote>",
    "[guide](https://example.org/a)": '<p><a href="https://example.org/a" target="_blank" '
    'rel="noopener noreferrer">guide</a></p>',
    "*open and **open": "<p>*open and **open</p>",
    "a | b": "<p>a | b</p>",
}


@pytest.mark.parametrize("markdown", MARKDOWN)
def test_markdown_becomes_what_github_makes_of_it(render: Callable[[str], str], markdown: str) -> None:
    assert render(markdown) == MARKDOWN[markdown]


def test_a_table_keeps_escaped_bars_and_short_rows(render: Callable[[str], str]) -> None:
    text = "| why | value |\n| --- | ---: |\n| a\\|b | **1** |\n| only |\n\nafter"
    made = re.sub(r' scope="col"', "", render(text))
    assert made == (
        '<div class="scroll"><table><thead><tr><th>why</th><th class="align-right">value</th></tr></thead>'
        "<tbody>"
        '<tr><td>a|b</td><td class="align-right"><strong>1</strong></td></tr>'
        '<tr><td>only</td><td class="align-right"></td></tr></tbody></table></div><p>after</p>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "| <img src=x onerror=alert(1)> | b |\n| --- | --- |\n| <iframe src=/> | </table><script> |",
        "- <svg onload=alert(1)>\n1. <a href=javascript:alert(1)>x</a>",
        "[x](javascript:alert(1)) ![y](https://example.org/y.png)",
        '[x](https://example.org/"onmouseover="alert(1))',
        "`</code><img src=x onerror=alert(1)>`",
        "&lt;img src=x onerror=alert(1)&gt; &#60;script&#62;",
        "**<b onclick=alert(1)>**",
    ],
)
def test_hostile_text_stays_text(render: Callable[[str], str], hostile: str) -> None:
    made = render(hostile)
    tags = set(re.findall(r"<\s*([a-zA-Z0-9]+)", made))
    assert tags <= {
        "p",
        "ul",
        "ol",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
        "strong",
        "code",
        "a",
    }
    for attributes in re.findall(r"<[a-z]+\s([^>]*)>", made):
        assert re.fullmatch(
            r'(class="scroll"|scope="col"|href="https://[^"]*" target="_blank" rel="noopener noreferrer")',
            attributes,
        )
