"""The page: everything of a run, in a real browser, and nothing that an answer can do to it."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings

import tqb
from tests.browser import Browser, find_chromium
from tests.conftest import Cli
from tests.formats.make import HOSTILE, mixed
from tests.make import report, result
from tqb import baseline as baselines
from tqb.formats import write_report
from tqb.formats.html import FOLDER, to_html
from tqb.formats.page.difference import LONGEST, difference
from tqb.formats.page.items import LONG
from tqb.gate import judge
from tqb.history import MEASURES, Trend
from tqb.history.page import to_page
from tqb.history.trend import Point
from tqb.pipeline import compare
from tqb.report import make_report, with_confirmation
from tqb.types import Policy, Report, Verdict

TEXTS = ("text", "quiet", "link", "pass", "fail", "warn")
MARKS = {"same": "", "missing": "-", "extra": "+"}
NASTY = (
    "</script><script>document.title = 'run'</script>",
    "<img src=x onerror=\"document.title = 'run'\">",
    "<svg onload=\"document.title = 'run'\">",
    "--><!-- </noscript></title></style><script>document.title = 'run'</script>",
    "javascript:document.title='run'",
    "{{ 7 * 7 }}${alert(1)}",
    "a\x00b",
    "\ud800",
    "\u202egnp.exe\u2066",
    "\u2028",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages."""
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine's path")
    started = Browser(program, tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Callable[..., Browser]:
    """Write the page of a report and open it from disk."""

    def shown(made: Report, fragment: str = "", **how: object) -> Browser:
        path = tmp_path / "run.html"
        path.write_bytes(to_html(made).encode("utf-8"))
        browser.open(path.as_uri() + fragment, **how)  # type: ignore[arg-type]
        return browser

    return shown


@lru_cache
def diagnosed() -> Report:
    """A run of the demo whose template lost the context."""
    sick, well = (tqb.run("core-en", target=target) for target in ("demo:broken", "demo"))
    return compare(baselines.accept(well), sick, Policy())


def multilingual() -> Report:
    """A run in three languages, one of which is written from right to left."""
    texts = {"en": "Which river?", "ar": "ما هو النهر؟", "ja": "どの川ですか。"}
    results = (
        result(
            "+-"[n == 0 and language == "ar"],
            f"{language}-{n}",
            language=language,
            question=text,
            answer="النيل" if language == "ar" else "Nile",
            concept=f"river-{n}",
            prompt_tokens=10 + len(text),
        )
        for n in range(3)
        for language, text in texts.items()
    )
    return judged(report("", *results))


def judged(made: Report) -> Report:
    return replace(made, verdict=judge(made, Policy()))


RUNS: dict[str, Callable[[], Report]] = {
    "passing": lambda: judged(report("++++")),
    "failing": lambda: mixed("Oslo"),
    "inconclusive": lambda: judged(report("+eee")),
    "diagnosed": diagnosed,
    "multilingual": multilingual,
    "empty": lambda: replace(report(), verdict=Verdict("nothing", 4, ("nothing was asked",))),
}
WORDS = ("PASS", "FAIL", "INCONCLUSIVE", "FAIL", "PASS", "NOTHING SCORED")
DARK = (True, True, False, False, True, False)


@pytest.mark.parametrize(("name", "word", "dark"), list(zip(RUNS, WORDS, DARK, strict=True)))
def test_every_page_is_accessible_and_asks_nobody(
    show: Callable[..., Browser], name: str, word: str, dark: bool
) -> None:
    """Axe finds nothing serious with an item open, the console says nothing, all stays on disk."""
    made = RUNS[name]()
    opened = f"#item={quote(made.results[0].key, safe='')}" if made.results else ""
    page = show(made, opened, dark=dark)
    assert page.run("document.querySelector('h1').textContent").split(" ", 1)[1] == word
    assert page.run("document.querySelectorAll('#list [open]').length") == len(opened[:1])
    assert page.complaints == []
    assert [one.partition(":")[0] for one in page.requested] == ["file"]
    assert barriers(page) == []


def barriers(page: Browser) -> list[tuple[str, list[str]]]:
    """What axe finds on a page that is serious, with where it is."""
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        pytest.skip("axe-core-python is not installed")
    axe = (Path(found.origin).parent / "axe.min.js").read_text("utf-8")
    page.run(f"{axe}; null")
    return [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in page.run("axe.run().then((told) => told.violations)")
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_of_trends_is_accessible_and_asks_nobody(
    browser: Browser, tmp_path: Path, dark: bool
) -> None:
    """Lines of runs, with names from anybody, show without a complaint, a request or a barrier."""
    points = tuple(Point(f"2026-11-{n:02}", "pass" if n % 3 else "fail", n / 9) for n in range(9))
    lines = [Trend(pack, "t", measure, points) for pack in ("p", NASTY[0]) for measure in MEASURES]
    path = tmp_path / "trend.html"
    path.write_text(to_page(lines), "utf-8")
    browser.open(path.as_uri(), dark=dark)
    assert browser.run("document.querySelectorAll('svg polyline').length") == len(lines)
    assert browser.run("document.scripts.length") == 0
    assert browser.complaints == []
    assert [one.partition(":")[0] for one in browser.requested] == ["file"]
    assert barriers(browser) == []


def test_hostile_texts_are_shown_and_never_run(show: Callable[..., Browser]) -> None:
    """Whatever stands in names, questions and answers, no script of it runs and all is visible."""
    results = [
        result("-", f"q{n}{text}", question=text, answer=text, targets=(text,), explanation=text)
        for n, text in enumerate(NASTY)
    ]
    huge = result("-", "huge", answer="wide " * 200_000)
    made = replace(report("", *results, huge), verdict=Verdict("fail", 1, NASTY))
    page = show(made, f"#item={quote(results[0].key, safe='')}")
    assert page.run("document.title") == "FAIL · p · tqb"
    assert page.run("document.scripts.length") == 2
    assert page.complaints == []
    page.run("for (const one of document.querySelectorAll('#list details')) one.open = true")
    page.until("!document.querySelector('#list details > summary:only-child')")
    assert page.run("document.querySelectorAll('#list :is(script, img, svg)').length") == 0
    text = page.run("document.querySelector('#list').textContent")
    shown = [*NASTY[:6], "a\\x00b", "\\ud800", "\\u202egnp.exe\\u2066", "\\u2028"]
    assert [one for one in shown if one not in text] == []
    assert "cut: 1,000,000 characters in all" in text
    assert len(text) < 3 * LONG
    assert not set("\x00\u202e\u2066\u2028") & set(text)


def test_the_policy_runs_nothing_but_our_script(show: Callable[..., Browser]) -> None:
    """Markup in a string and a script that is not ours are refused by the browser itself."""
    page = show(report("+"))
    for attempt in ("document.body.innerHTML = '<p>'", "document.write('<p>')"):
        caught = page.run(f"try {{ {attempt}; '' }} catch (error) {{ error.name }}")
        assert caught == "TypeError", attempt
    page.run("fetch('https://example.invalid/').catch(() => null)")
    assert any("Content Security Policy" in one for one in page.complaints)


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of ``#rrggbb``."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_of_text_can_be_read() -> None:
    """Text has a contrast of 4.5 or more against what it stands on, in light and in dark."""
    style = (FOLDER / "page.css").read_text("utf-8")
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", one)) for one in style.split(":root")[1:]]
    texts = [(one, page) for one in TEXTS for page in ("page", "raised")]
    pairs = [*texts, ("text", "missing"), ("text", "extra")]
    for scheme in schemes[:2]:
        for one, page in pairs:
            low, high = sorted((luminance(scheme[one]), luminance(scheme[page])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (one, page)


class Tags(HTMLParser):
    """Collects the tags of a page with the names of their attributes, and its data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.data = ""
        self._in_data = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_data = ("id", "data") in attrs
        if tag not in ("ins", "del"):
            self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data, self._in_data = data, False


@given(HOSTILE)
@settings(max_examples=30, deadline=None)
def test_no_text_changes_the_page(text: str) -> None:
    """Whatever is in the texts, the page has the same elements, and no control character."""
    page, plain = to_html(mixed(f"x {text}")), Tags(to_html(mixed("plain")))
    found = Tags(page)
    assert found.tags == plain.tags
    assert [one for one in page if not (one.isprintable() or one in "\n\t\u200c\u200d")] == []
    rows, plain_rows = (json.loads(one.data)["items"] for one in (found, plain))
    assert len(rows) == len(plain_rows)


def test_the_address_filters_searches_orders_and_opens(show: Callable[..., Browser]) -> None:
    """A link holds what is chosen, or opens one item all the same; controls write the link."""
    results = [
        result("+-"[n % 2], f"q{n}", latency_s=n / 10, tags={"category": f"c{n % 3}"})
        for n in range(12)
    ]
    results.append(result("-", "a b/c&d=é", question="Where is Oslo?"))
    page = show(report("", *results), "#outcome=fail&category=c1&sort=latency")
    names = "[...document.querySelectorAll('#list .key')].map((one) => one.textContent)"
    status = "document.getElementById('status').textContent"
    assert page.run(names) == ["p/q7", "p/q1"]
    assert page.run(status) == "2 of 13 items shown"
    page.run(f"location.hash = 'item=' + encodeURIComponent({json.dumps(results[-1].key)})")
    page.until("document.querySelector('details[open] .key')")
    assert page.run("document.querySelector('details[open] .key').textContent") == "p/a b/c&d=é"
    assert page.run("document.activeElement.localName") == "summary"
    assert page.run(status) == "13 of 13 items shown"
    page.run("document.getElementById('q').value = 'oslo'")
    page.run("document.getElementById('q').dispatchEvent(new Event('input'))")
    page.until("location.hash === '#q=oslo'")
    assert page.run(names) == ["p/a b/c&d=é"]
    assert page.run("location.hash") == "#q=oslo"
    assert page.complaints == []


def test_the_keyboard_opens_items(show: Callable[..., Browser]) -> None:
    """Arrows go from item to item, Enter opens, and the answer stands beside what was expected."""
    wrong = result("-", "q9", answer="the river Rhine", targets=("the river Nile", "Nil"))
    page = show(report("++", wrong))
    page.run("document.querySelector('#list summary').focus()")
    page.press("ArrowDown")
    assert page.run("document.activeElement.querySelector('.key').textContent") == "p/q1"
    page.press("ArrowUp")
    page.press("Enter")
    page.until("document.querySelector('#list [open] del')")
    assert page.run("document.querySelector('#list [open] del').textContent") == "missing: Nile"
    assert page.run("document.querySelector('#list [open] ins').textContent") == "extra: Rhine"
    assert "the river Nile | Nil" in page.run("document.querySelector('#list [open]').innerText")


def test_many_items_are_made_as_they_come_near(show: Callable[..., Browser]) -> None:
    """Of thousands of items a few hundred are elements at a time; the last is reached by scroll."""
    made = report("+" * 5_000)
    page = show(made)
    rows = "document.querySelectorAll('#list details').length"
    assert 0 < page.run(rows) < 500
    page.run("document.querySelector('#list').lastElementChild.scrollIntoView(false)")
    page.until("document.querySelector('#list').lastElementChild.childElementCount")
    last = "[...document.querySelectorAll('#list [role=listitem]')].at(-1)"
    assert page.run(f"{last}.querySelector('.key').textContent") == "p/q5000"
    assert page.run(f"{last}.ariaPosInSet") == "5000"
    page.until(f"{rows} < 500")


def test_without_script_and_on_paper_everything_is_there(show: Callable[..., Browser]) -> None:
    """Where scripts are off, and where the page is printed, all items stand there with answers."""
    results = [result("-", f"q{n}", answer=f"answer {n}") for n in range(120)]
    made = report("", *results)
    page = show(made, script=False)
    text = page.run("document.body.innerText")
    assert [n for n in range(120) if f"p/q{n}\n" not in text or f"answer {n}" not in text] == []
    page = show(made)
    page.run("dispatchEvent(new Event('beforeprint'))")
    text = re.sub("\n+", "\n", page.run("document.body.innerText"))
    assert [n for n in range(120) if f"Answer\nanswer {n}\n" not in text] == []
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run("document.querySelectorAll('details[open]').length") == 0


def test_repeats_and_what_was_asked_again_stand_in_their_item(
    show: Callable[..., Browser],
) -> None:
    """An item asked several times shows each answer, and how many passed."""
    repeats = [
        result(
            "+-+"[n], "q1", repeat=n, answer=f"r{n}", finish_reason="length", symptoms=("empty",)
        )
        for n in range(3)
    ]
    again = [result("-", "q1", repeat=3, answer="r3", completion_tokens=1234)]
    info = replace(report().run, repeats=3)
    made = with_confirmation(make_report(report().tool, info, repeats), again, 1)
    page = show(replace(made, verdict=report().verdict), "#item=p/q1")
    text = re.sub("\n+", "\n", page.run("document.querySelector('#list').innerText"))
    wanted = [
        "2/3 passed",
        "Repeat 1\n✓ pass\nr0",
        "Repeat 2\n✗ fail\nr1",
        "Asked again, 1\n✗ fail",
    ]
    wanted += [
        "1,234 tokens out",
        "0.1 s",
        "finish reason length",
        "sign: empty",
        "matched by exact",
    ]
    assert [one for one in wanted if one not in text] == []


def test_charts_say_in_words_what_they_show(show: Callable[..., Browser]) -> None:
    """Each picture has a title, a description, and a table with the same rows."""
    page = show(multilingual())
    ids = page.run("[...document.querySelectorAll('.chart h3')].map((one) => one.id)")
    assert ids == [
        "accuracy-by-pack",
        "accuracy-by-language",
        "accuracy-by-category",
        "latency",
        "tokens-by-language",
    ]
    rows = page.run(
        "[...document.querySelectorAll('.chart')].map((one) =>"
        " ['.bar', 'tbody tr', 'title, desc'].map((all) => one.querySelectorAll(all).length))"
    )
    assert rows == [[1, 1, 2], [3, 3, 2], [1, 1, 2], [1, 1, 2], [3, 3, 2]]
    languages = page.run("document.querySelectorAll('.chart tbody')[1].innerText").split("\n")
    assert "ar\t2 of 3\t0.667\t0.21–0.94" in languages
    answer = "document.querySelector('#list details').lastElementChild.querySelectorAll('p')[2]"
    page.run("document.querySelector('#list details').open = true")
    page.until("document.querySelector('#list .body')")
    assert page.run(f"getComputedStyle({answer}).direction") == "rtl"
    assert page.run(f"{answer}.lang") == "ar"


@pytest.mark.parametrize(
    ("answer", "targets", "wanted"),
    [
        ("Rome", ("Rome",), "Rome"),
        ("rome, Italy", ("Paris", "Rome"), "-Rome|+rome, Italy"),
        ("the river Rhine", ("Danube", "the river Nile"), "the river| |-Nile| |+Rhine"),
        ("東京駅", ("京都", "東京"), "東京|+駅"),
        ("", ("x",), "-x"),
        ("x" * (LONGEST + 1), ("x",), ""),
    ],
)
def test_the_difference_is_to_the_nearest_accepted_answer(
    answer: str, targets: tuple[str, ...], wanted: str
) -> None:
    """Words that are missing and words that are too many, against the most alike of the targets."""
    parts = difference(answer, targets)
    assert "|".join(MARKS[mark] + text for mark, text in parts) == wanted


def test_a_page_of_the_gold_set_is_small() -> None:
    """52 items, diagnosed and compared, are at most 150 kB."""
    assert len(to_html(diagnosed()).encode()) <= 150_000


def test_report_compares_first(cli: Cli, tmp_path: Path) -> None:
    """`tqb report RUN BASE` shows what changed against the baseline, and ends in 0."""
    write_report(report("++++"), tmp_path / "main.json")
    write_report(report("+-++"), tmp_path / "branch.json")
    ended = cli("report", "branch.json", "main.json", "-o", "page.html", "-o", "page.json")
    assert (ended.code, ended.err) == (0, "")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Broken: passed in the baseline, fails now" in page
    assert 'href="#item=p%2Fq2"' in page
    told = json.loads((tmp_path / "page.json").read_text("utf-8"))
    assert told["comparison"]["counts"] == {"broken": 1, "unchanged": 3}
