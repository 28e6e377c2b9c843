"""The history: each run is kept, listed and drawn, whoever else writes at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import RIGHT, Cli, bare_environment, write_answers
from tqb.history import LEAST_RUNS, History, ItemOutcome, Trend, flake_rates, trends
from tqb.history.page import to_page
from tqb.history.trend import Point, sparkline
from tqb.report import load_report

FILE = Path(".tqb") / "history.db"


@pytest.fixture
def right(tmp_path: Path) -> str:
    """A target that answers all four questions rightly."""
    return write_answers(tmp_path / "right.jsonl", **RIGHT)


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    """A target that gets the last question wrong."""
    return write_answers(tmp_path / "wrong.jsonl", **{**RIGHT, "q4": "Giza"})


def test_each_run_is_listed_with_what_it_came_to(
    cli: Cli, capitals: Path, right: str, wrong: str
) -> None:
    """A passing and a failing run stand there in their order, with verdict and right answers."""
    cli("run", capitals, "--target", right)
    cli("run", capitals, "--target", wrong, "--fail-under", "0.9")
    lines = cli("history").out.splitlines()
    assert [line.split()[2:6] for line in lines[1:]] == [
        ["pass", "4", "of", "4"],
        ["fail", "3", "of", "4"],
    ]
    (only,) = json.loads(cli("history", "--target", wrong, "--json").out)
    assert (only["status"], only["exit_code"], only["packs"][0]["passed"]) == ("fail", 1, 3)
    assert cli("history", "--pack", "other").out == "No run.\n"


def test_a_run_may_leave_no_trace_in_it(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """With --no-history, by flag or setting, no file is made; to list it then is told as it is."""
    cli("run", capitals, "--target", right, "--no-history")
    (tmp_path / "tqb.toml").write_text("history = false\n", "utf-8")
    cli("run", capitals, "--target", right)
    assert not (tmp_path / FILE).exists()
    ended = cli("history")
    assert ended.code == 2
    assert "there is no history yet; `tqb run` adds each run to it" in ended.err


def test_trends_are_drawn_and_written_as_a_page(
    cli: Cli, capitals: Path, right: str, wrong: str, tmp_path: Path
) -> None:
    """The terminal has a line a figure; the page asks no network and has no script."""
    (tmp_path / "both.jsonl").write_text((tmp_path / "right.jsonl").read_text("utf-8"), "utf-8")
    cli("run", capitals, "--target", "replay:both.jsonl")
    (tmp_path / "both.jsonl").write_text((tmp_path / "wrong.jsonl").read_text("utf-8"), "utf-8")
    cli("run", capitals, "--target", "replay:both.jsonl")
    ended = cli("history", "trend", "accuracy", "-o", "trend.html")
    assert ended.out == "capitals · replay:both.jsonl\n  Accuracy     █▇  1.000 → 0.750\n"
    page = (tmp_path / "trend.html").read_text("utf-8")
    assert "1.000" in page
    assert "0.750" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert cli("history", "trend", "-o", "trend.png").code == 2


def test_reports_of_other_machines_are_added_once(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """A report that CI kept is added; given again, it changes nothing. Git ignores the file."""
    cli("run", capitals, "--target", right, "-o", "run.json", "--no-history")
    assert cli("history", "import", "run.json", "--file", "ci.db").out == "Added 1 run.\n"
    again = cli("history", "import", "run.json", "run.json", "--file", "ci.db").out
    assert again == "Added 0 runs of 2; the others were there already.\n"
    assert len(json.loads(cli("history", "--file", "ci.db", "--json").out)) == 1
    assert cli("history", "import", "right.jsonl", "--file", "ci.db").code == 2
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert cli("history", "import", "../run.json", cwd=fresh).code == 0
    assert (fresh / ".tqb" / ".gitignore").read_text("utf-8") == "*\n"


def test_writers_side_by_side_lose_nothing(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """Processes that add runs at the same time to a new file all find theirs in it."""
    cli("run", capitals, "--target", right, "-o", "run.json", "--no-history")
    text = (tmp_path / "run.json").read_text("utf-8")
    known = load_report(tmp_path / "run.json").run.id
    for number in range(12):
        (tmp_path / f"run-{number}.json").write_text(text.replace(known, f"run-{number}"), "utf-8")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tqb", "history", "import"]
            + [f"run-{number}.json" for number in range(first, 12, 4)],
            cwd=tmp_path,
            env=bare_environment(),
            stdout=subprocess.DEVNULL,
        )
        for first in range(4)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
    with History(tmp_path / FILE) as history:
        assert {run.id for run in history.runs()} == {f"run-{number}" for number in range(12)}
        assert len(history.outcomes(100)) == 48


def test_a_broken_file_is_set_aside_and_fails_no_run(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """The run says so and passes; the old file stays, and the new one has the run."""
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"no database, and never was one" * 40)
    ended = cli("run", capitals, "--target", right)
    assert ended.code == 0
    assert "history.db: is broken; set aside as history.db.broken" in ended.err
    assert (tmp_path / FILE).with_name("history.db.broken").read_bytes().startswith(b"no data")
    assert len(json.loads(cli("history", "--json").out)) == 1


def test_a_history_that_cannot_be_used_fails_no_run(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """A folder in its place is a warning; the verdict stands."""
    (tmp_path / FILE).mkdir(parents=True)
    ended = cli("run", capitals, "--target", right)
    assert ended.code == 0
    assert "the history cannot be used" in ended.err
    assert "the verdict stands" in ended.err


def test_items_that_flake_are_named_and_may_be_set_aside(
    cli: Cli, capitals: Path, right: str, wrong: str, tmp_path: Path
) -> None:
    """An item that changed from run to run counts neither way with --quarantine, unless it must."""
    cli("run", capitals, "--target", right, "-o", "run.json", "--no-history")
    cli("baseline", "accept", "run.json")
    answers = tmp_path / "now.jsonl"
    base = ("--baseline", "tqb-baseline.jsonl", "--max-broken", "0", "--confirm", "0")
    run = ("run", capitals, "--target", "replay:now.jsonl", *base)
    early = cli(*run, "--quarantine", "0.5")
    assert early.code == 2
    assert "--quarantine 0.5: there is no history of past runs" in early.err
    for number in range(LEAST_RUNS + 1):
        kept = tmp_path / ("wrong.jsonl" if number % 2 else "right.jsonl")
        answers.write_text(kept.read_text("utf-8"), "utf-8")
        assert cli(*run).code == number % 2
    assert cli("history", "flaky").out.splitlines()[1:] == ["100%     3/6    capitals/q4"]
    answers.write_text((tmp_path / "wrong.jsonl").read_text("utf-8"), "utf-8")
    set_aside = cli(*run, "--quarantine", "0.5", "--no-history")
    assert set_aside.code == 0
    assert "is set aside by --quarantine: capitals/q4" in set_aside.out
    assert cli(*run, "--quarantine", "0.5", "--must-pass", "q4", "--no-history").code == 1


def outcomes(rights: Sequence[bool], pipeline: str = "p") -> list[ItemOutcome]:
    """What an item did in one run after the other."""
    return [
        ItemOutcome(f"r{n}", "pack", "item", "hash", int(right), 1, pipeline)
        for n, right in enumerate(rights)
    ]


@given(st.lists(st.booleans(), min_size=LEAST_RUNS, max_size=40))
def test_a_flake_rate_is_the_share_of_changes(rights: list[bool]) -> None:
    """It is 0 for an item that never changed, 1 for one that always did, between for others."""
    (flake,) = flake_rates(outcomes(rights))
    assert flake.rate == flake.changes / (len(rights) - 1)
    assert 0 <= flake.rate <= 1
    assert (flake.rate == 0) == (len(set(rights)) == 1)
    assert flake_rates(outcomes([True, False] * LEAST_RUNS))[0].rate == 1


def test_runs_of_another_pipeline_do_not_count() -> None:
    """A change of the prompt is no flake: runs count from then on, and too few say nothing."""
    before, after = outcomes([True] * 9, "one"), outcomes([False] * (LEAST_RUNS - 1), "two")
    assert [one.changes for one in flake_rates([*before, *after])] == [0]
    assert flake_rates(after) == ()


def test_the_page_shows_hostile_names_and_runs_none(
    cli: Cli, capitals: Path, right: str, tmp_path: Path
) -> None:
    """Names of targets may hold markup; the page is well formed and shows them as text."""
    cli("run", capitals, "--target", right, "-o", "run.json")
    made = load_report(tmp_path / "run.json")
    with History(tmp_path / FILE) as history:
        (run,) = history.runs()
    evil = "<script>alert(1)</script>&\"'\x00\u202e"
    page = to_page(trends([replace(run, target=evil)]))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "\x00" not in page
    assert "\u202e" not in page
    body = page[page.index("<main>") : page.index("</body>")]
    assert ET.fromstring(body).find(".//h2") is not None
    assert made.run.target == right


def test_a_line_has_a_mark_for_each_run_that_fits() -> None:
    """A terminal of few columns has the last runs."""
    assert sparkline(_trend([0.0, 0.5, 1.0]), 10) == "▁▅█"
    assert sparkline(_trend([0.0, 0.5, 1.0]), 2) == "▅█"


def _trend(values: Sequence[float]) -> Trend:
    return Trend("pack", "target", "accuracy", tuple(Point("2026", "pass", v) for v in values))
