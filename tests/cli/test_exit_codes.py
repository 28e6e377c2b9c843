"""Each exit code of the contract, from the real command line, with the verdict it prints."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import RIGHT, Cli, start, write_answers, write_items
from tests.openai_server import OpenAIServer, Reply


def first_line(text: str) -> str:
    return text.splitlines()[0]


def test_0_demo_runs_with_nothing_configured(cli: Cli) -> None:
    """`tqb run` alone asks the gold set of the demo, passes, and says what it cannot judge."""
    ended = cli("run")
    assert (ended.code, ended.err) == (0, "")
    assert first_line(ended.out) == "PASS  core-en · demo · 52 items"
    assert "no --baseline and no --fail-under" in ended.out


def test_0_and_1_floor(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Accuracy at the floor passes, under it fails."""
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Oslo"})
    passed = cli("run", capitals, "--target", target, "--fail-under", 0.75)
    assert (passed.code, first_line(passed.out).split()[0]) == (0, "PASS")
    failed = cli("run", capitals, "--target", target, "--fail-under", 0.8)
    assert (failed.code, first_line(failed.out).split()[0]) == (1, "FAIL")


def test_1_regression_against_a_baseline(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Run, accept, break one item: the run fails and shows it, and `tqb compare` agrees."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    assert cli("run", capitals, "--target", target).code == 0
    assert cli("baseline", "accept").code == 0
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Oslo"})
    flags = ("--baseline", "tqb-baseline.jsonl", "-o", "new.json")
    ended = cli("run", capitals, "--target", target, *flags)
    assert ended.code == 1
    assert "Broken: passed in the baseline (1)\n  capitals/q2" in ended.out
    assert "answer    Oslo" in ended.out
    compared = cli("compare", "tqb-baseline.jsonl", "new.json")
    assert compared.code == 1
    assert "broken       1/1 → 0/1   capitals/q2" in compared.out
    assert "1 broken item was not asked again" in compared.out
    assert cli("compare", "tqb-baseline.jsonl", "new.json", "--max-drop", 0.25).code == 0
    unknown = cli("compare", "tqb-baseline.jsonl", "new.json", "--must-pass", "nope")
    assert (unknown.code, unknown.out) == (2, "")
    assert "--must-pass nope: no item and no tag of new.json is called so" in unknown.err


USAGE = {
    "unknown flag": ("run --limti 3", "No such option"),
    "unknown command": ("rnu", "No such command"),
    "floor out of range": ("run --fail-under 90", "--fail-under"),
    "unknown pack": ("run core-fr2", "no pack is named 'core-fr2'"),
    "missing pack file": ("run nowhere.jsonl", "nowhere.jsonl: there is no such file"),
    "unknown scorer": ("run --scorer exat", "did you mean exact?"),
    "unknown format": ("run -o run.pdf", "no format has the suffix '.pdf'"),
    "output is a folder": ("run -o .", "--output ."),
    "output cannot be": (f"run -o {'a' * 300}.json", "cannot be written"),
    "not a number": ("run --fail-under nan", "--fail-under"),
    "no end of time": ("run --timeout inf", "not a finite number"),
    "unknown item": ("run --item nope", "no item 'nope' in core-en"),
    "bad tag": ("run --tag history", "wanted KEY=VALUE"),
    "missing prompt": ("run --prompt none.txt", "there is no such prompt file"),
    "missing baseline": ("run --baseline none.jsonl", "none.jsonl: there is no such file"),
    "unknown scheme": ("run --target pyhton:app:answer", "did you mean python"),
    "missing module": ("run --target python:no_such:f", 'no module "no_such"'),
    "missing program": ("run --target cmd:no-such-program", 'no program "no-such-program"'),
    "missing recording": ("run --target replay:none.jsonl", "none.jsonl: cannot be read"),
    "no model in the URL": ("run --target http://127.0.0.1:9/v1", "names no model"),
    "no last run": ("baseline accept", "there is no last run here"),
    "same pack twice": ("run core-en core-en", "two packs are called 'core-en'"),
    "no settings file": ("run --config none.toml", "there is no such settings file"),
}


@pytest.mark.parametrize("name", USAGE)
def test_2_input_that_cannot_be_used(cli: Cli, name: str) -> None:
    """A mistake is said in words that name it, with no verdict and no traceback."""
    arguments, wanted = USAGE[name]
    ended = cli(*arguments.split())
    assert ended.code == 2
    assert wanted in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_2_output_over_an_input(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A report never takes the place of what the run reads, nor a baseline that of another file."""
    before = (tmp_path / "own.json").write_text("[]", "utf-8")
    ended = cli("run", "own.json", "-o", "own.json")
    assert (ended.code, ended.err) == (
        2,
        "error: --output own.json: this file is read by the run\n",
    )
    assert (tmp_path / "own.json").stat().st_size == before
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", target, "-o", "run.json")
    assert cli("baseline", "accept", "run.json", "-o", "run.json").code == 2
    assert json.loads((tmp_path / "run.json").read_text("utf-8"))["metrics"]["n"] == 4


def test_2_baseline_of_another_pack(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """A baseline without an item of the run is refused before anything is asked."""
    target = write_answers(tmp_path / "a.jsonl", **RIGHT)
    cli("run", capitals, "--target", target, "-o", "run.json")
    with OpenAIServer("Tokyo") as server:
        ended = cli("run", "--target", f"{server.url}#m", "--baseline", "run.json")
    assert ended.code == 2
    assert "has no item of this run" in ended.err
    assert server.requests == []


def test_2_accepting_what_was_not_judged(cli: Cli, capitals: Path) -> None:
    """An inconclusive run cannot become the baseline."""
    assert cli("run", capitals, "--target", "http://127.0.0.1:9/v1#m").code == 3
    ended = cli("baseline", "accept")
    assert ended.code == 2
    assert "the run was inconclusive" in ended.err


BROKEN = {
    "wrong key": (Reply(status=401, body={"error": {"message": "no"}}), "auth", "TQB_API_KEY"),
    "unknown model": (Reply(status=404, body={"error": {"message": "no"}}), "not_found", '"m"'),
    "server error": (Reply(status=500, body=b"oops"), "server", "500 from"),
    "rate limit": (Reply(status=429), "rate_limit", "lower --max-concurrency"),
    "no JSON": (Reply(body=b"<html>"), "bad_response", "usually ends in /v1"),
    "cut connection": (Reply(cut=True), "connection", "lost"),
    "hanging": (Reply(hang=True), "timeout", "within 0.3 s"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_3_infrastructure(cli: Cli, capitals: Path, name: str) -> None:
    """A server in trouble makes the run inconclusive, with the kind and one sentence to mend it."""
    reply, kind, wanted = BROKEN[name]
    with OpenAIServer(reply) as server:
        flags = ("--timeout", 0.3, "--retry-delay", 0, "-o", "r.json")
        ended = cli("run", capitals, "-m", f"{server.url}#m", *flags)
    assert ended.code == 3
    lines = ended.out.splitlines()
    assert lines[0].startswith("INCONCLUSIVE  capitals · ")
    assert lines[1].startswith("  infrastructure  4 of 4 requests ")
    assert lines[3] == "  none of 4 calls brought an answer: nothing was judged"
    assert lines[4].startswith(f"  4 × {kind}: ")
    assert wanted in lines[4]


def test_3_dead_endpoint(cli: Cli, capitals: Path) -> None:
    """Where nobody listens the sentence asks whether the server is running."""
    ended = cli("run", capitals, "-m", "http://127.0.0.1:9/v1#m", "--retry-delay", 0)
    assert ended.code == 3
    assert "4 × connection: connection refused by http://127.0.0.1:9/v1: is the server" in ended.out


def test_4_budget(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Once the money is spent nothing more is asked, and nothing is judged."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n    return {'answer': 'Paris', 'cost_usd': 0.25}\n", "utf-8"
    )
    flags = ("--target", "python:app:answer", "-j", 1, "-o", "r.json")
    ended = cli("run", capitals, *flags, "--max-cost", 0.5)
    assert ended.code == 4
    assert first_line(ended.out).startswith("BUDGET EXCEEDED")
    report = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [r["outcome"] for r in report["results"]] == ["pass", "fail", "skipped", "skipped"]
    assert cli("run", capitals, *flags, "--max-cost", 2).code == 0


def test_5_nothing_to_score(cli: Cli, tmp_path: Path) -> None:
    """A selection without items, and a pack without items, are no pass."""
    ended = cli("run", "--tag", "category=alchemy", "--fail-under", 0)
    assert (ended.code, first_line(ended.out)) == (5, "NOTHING SCORED  core-en · demo · 0 items")
    empty = write_items(tmp_path / "empty.jsonl")
    assert cli("run", empty).code == 5


def test_70_bug(cli: Cli, tmp_path: Path) -> None:
    """An error nobody foresaw, here a broken dependency, is called a bug and asks to be told."""
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise RuntimeError('broken install')", "utf-8")
    coloured = {"PYTHONPATH": str(tmp_path), "FORCE_COLOR": "1"}
    ended = cli("run", env=coloured)
    assert ended.code == 70
    assert "RuntimeError: broken install" in ended.err
    assert "Traceback" not in ended.err
    told = cli("run", env={**coloured, "TQB_DEBUG": "1"})
    assert told.code == 70
    assert "Traceback" in told.err


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_130_interrupted(tmp_path: Path, capitals: Path) -> None:
    """After Ctrl-C the finished results are on disk, in `-o` and in `.tqb/`, and nothing passed."""

    def answer(body: dict[str, object]) -> str | Reply:
        return "Paris" if "France" in str(body) else Reply(hang=True)

    with OpenAIServer(answer) as server:
        flags = ["--target", f"{server.url}#m", "-j", "1", "-o", "run.json"]
        # Two signals at once, as from an impatient person: the second loses nothing either.
        process = start(tmp_path, "run", capitals.name, *flags)
        deadline = time.monotonic() + 30
        while len(server.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out.startswith("INTERRUPTED")
    assert "interrupted after 1 of 4 answers: nothing was judged" in out
    assert err == "The answers are kept: the same command with --resume goes on.\n"
    for path in ("run.json", ".tqb/last-run.json"):
        report = json.loads((tmp_path / path).read_text("utf-8"))
        outcomes = [result["outcome"] for result in report["results"]]
        assert outcomes == ["pass", "error", "skipped", "skipped"]
        assert report["verdict"]["exit_code"] == 130
