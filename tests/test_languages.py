"""Languages side by side: what is counted, and what the report shows of it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.make import report, result
from tests.packs.make import item, pack
from tqb.formats.terminal import render_report
from tqb.report import load_report, make_metrics
from tqb.stats import wilson
from tqb.types import LanguageRow, Languages, Result


def said(language: str, outcomes: str, **changes: object) -> list[Result]:
    """Make results in a language: a letter for each of the concepts a, b, …, a space for none."""
    return [
        result(letter, f"{language}-{concept}", language=language, concept=concept, **changes)
        for concept, letter in zip("abcdef", outcomes, strict=False)
        if letter != " "
    ]


def compared(*results: Iterable[Result]) -> Languages:
    found = make_metrics([one for some in results for one in some]).languages
    assert found is not None
    return found


def row(languages: Languages, name: str) -> LanguageRow:
    (found,) = (row for row in languages.rows if row.language == name)
    return found


def test_one_language_is_not_compared() -> None:
    """Where all items are in one language, or do not say theirs, there is no comparison."""
    assert make_metrics(said("en", "++-")).languages is None
    assert make_metrics([*said("en", "+"), *said("und", "-"), *said("", "-")]).languages is None


def test_each_language_has_its_counts() -> None:
    """A row has what was right of what was scored, and Wilson's interval; English comes first."""
    found = compared(said("de", "+-e"), said("en", "+++-"), said("ar", "--"))
    assert [one.language for one in found.rows] == ["en", "ar", "de"]
    german = row(found, "de")
    assert (german.n, german.passed, german.errors, german.accuracy) == (2, 1, 1, 0.5)
    assert german.accuracy_interval == pytest.approx(wilson(1, 2), abs=1e-6)
    assert row(found, "en").accuracy == 0.75


def test_common_accuracy_is_over_what_all_languages_answered() -> None:
    """Concepts that one language lacks, or did not answer, are left out for every language."""
    found = compared(said("en", "+-++"), said("de", "++e"), said("fr", "-++"))
    assert found.common_concepts == 2
    assert [(one.language, one.common_accuracy) for one in found.rows] == [
        ("en", 0.5),
        ("de", 1.0),
        ("fr", 0.5),
    ]
    apart = compared(said("en", "+"), said("de", " +"))
    assert (apart.common_concepts, apart.rows[0].common_accuracy) == (0, None)


def test_token_premium_is_the_ratio_of_sums_over_shared_concepts() -> None:
    """What the same questions cost beside English; without English, or its counts, nothing."""
    english = [
        *said("en", "+", prompt_tokens=10),
        *said("en", " +", prompt_tokens=30),
        *said("en", "  +", prompt_tokens=1000),
    ]
    german = [*said("de", "+", prompt_tokens=20), *said("de", " -", prompt_tokens=40)]
    found = compared(english, german, said("fr", "+++"))
    assert [(one.token_premium, one.shared_concepts) for one in found.rows] == [
        (1.0, 3),
        (1.5, 2),
        (None, 0),
    ]
    assert row(compared(german, said("fr", "+", prompt_tokens=9)), "fr").token_premium is None


def test_repeats_weigh_as_one_question() -> None:
    """An item asked three times fails if most answers do, and its tokens count once."""
    thrice = [
        one
        for repeat, letter in enumerate("+--")
        for one in said("de", letter, repeat=repeat, prompt_tokens=20)
    ]
    found = compared(said("en", "+", prompt_tokens=10), thrice)
    assert row(found, "de").token_premium == 2.0
    assert row(found, "de").fails_alone == ("a",)
    assert row(found, "de").accuracy_interval == pytest.approx(wilson(0, 1), abs=1e-6)


def test_concepts_that_fail_in_one_language_or_in_most() -> None:
    """A concept is told where it fails in one language alone, or in more than half of them."""
    found = compared(said("en", "+-+--"), said("de", "-- -"), said("fr", "+-+e"))
    assert {one.language: one.fails_alone for one in found.rows} == {
        "en": (),
        "de": ("a",),
        "fr": (),
    }
    assert found.failing_in_most == {"b": ("en", "de", "fr"), "d": ("en", "de")}


def test_median_latency_is_by_nearest_rank() -> None:
    """The median is a value that was measured, as everywhere in the report."""
    slow = [*said("de", "+", latency_s=0.4), *said("de", " +", latency_s=2.0)]
    assert row(compared(slow, said("en", "+")), "de").latency_p50 == 0.4


def test_table_on_the_terminal() -> None:
    """Each language has a row; then come the concepts that fail in one of them, and in most."""
    made = report(
        "",
        *said("en", "+-+++", prompt_tokens=10),
        *said("de", "--++", prompt_tokens=15),
    )
    shown = render_report(made, io.StringIO()).splitlines()
    at = next(place for place, line in enumerate(shown) if "language" in line)
    assert shown[at : at + 5] == [
        "  language  right   accuracy  95 % interval  same 4 concepts  latency p50  tokens × en",
        "  en        4 of 5  0.800     0.38–0.96      0.750            0.10 s       1.00",
        "  de        2 of 4  0.500     0.15–0.85      0.500            0.10 s       1.50",
        "  fails in de only: a",
        "  fails in most languages: b (2)",
    ]
    assert "language" not in render_report(report("+-"), io.StringIO())
    unanswered = report("", *said("en", "+-"), *said("de", "ee"))
    assert "language" not in render_report(unanswered, io.StringIO())


def test_long_lists_are_cut_unless_all_are_wanted() -> None:
    """Six concepts that fail in one language are five and a count, or all on request."""
    made = report("", *said("en", "++++++"), *said("de", "------"))
    assert "fails in de only: a, b, c, d, e and 1 more" in render_report(made, io.StringIO())
    every = render_report(made, io.StringIO(), every=True)
    assert "fails in de only: a, b, c, d, e, f\n" in every


def test_a_run_of_parallel_packs_relates_them_by_concept(cli: Cli, tmp_path: Path) -> None:
    """Two packs with other ids and the same concepts are compared in the report and its JSON."""
    for lang in ("en", "de"):
        items = [item(n, id=f"{lang}-{n}", lang=lang, concept=f"planet-{n}") for n in (1, 2)]
        pack(tmp_path / lang, items, name=f"planets-{lang}")
    rows = [
        {"id": f"{lang}-{n}", "answer": f"Planet {n if n == 1 else right}", "prompt_tokens": tokens}
        for lang, right, tokens in (("en", 2, 8), ("de", 9, 12))
        for n in (1, 2)
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    ended = cli("run", "en/", "de/", "--target", "replay:a.jsonl", "-o", "r.json")
    assert "fails in de only: planet-2" in ended.out
    loaded = load_report(tmp_path / "r.json")
    assert loaded.metrics.languages is not None
    german = row(loaded.metrics.languages, "de")
    assert (german.fails_alone, german.token_premium) == (("planet-2",), 1.5)
    assert [one.concept for one in loaded.results] == ["planet-1", "planet-2"] * 2
