"""Confirmation: what seems broken is asked again, from the real command line to a real server."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RIGHT, Cli, Write, start, write_answers, write_items
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn

SIZE = 20
ITEMS = [f"q{number}" for number in range(1, SIZE + 1)]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Twenty questions, each with its number as the answer, and a baseline that passes them."""
    items = [{"text": f"Which is item {n}?", "label": f"number {n}"} for n in range(1, SIZE + 1)]
    return write_items(tmp_path / "pack.jsonl", *items)


@pytest.fixture
def accepted(cli: Cli, tmp_path: Path, pack: Path) -> Path:
    """The pack, beside a baseline in which all of it passes."""
    target = write_answers(tmp_path / "a.jsonl", **{f"q{n}": f"number {n}" for n in range(1, 21)})
    assert cli("run", pack, "--target", target).code == 0
    assert cli("baseline", "accept").code == 0
    return pack


def server(
    answers: Mapping[int, Callable[[int], str | Reply]],
) -> tuple[OpenAIServer, Counter[int]]:
    """Serve right answers, but for these items: a function of how often they were asked before."""
    asked: Counter[int] = Counter()

    def answer(body: Body) -> str | Reply:
        number = int(last_user_turn(body).split("item ")[1].split("?")[0])
        asked[number] += 1
        special = answers.get(number)
        return special(asked[number] - 1) if special else f"number {number}"

    return OpenAIServer(answer), asked


def wrong(before: int) -> str:
    return "nothing of the sort"


def once(number: int) -> Callable[[int], str]:
    """Answer wrongly the first time, rightly later."""
    return lambda before: wrong(before) if before == 0 else f"number {number}"


def every_other(number: int) -> Callable[[int], str]:
    """Answer wrongly the first time and every other time after it."""
    return lambda before: wrong(before) if before % 2 == 0 else f"number {number}"


def report(tmp_path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((tmp_path / "r.json").read_text("utf-8"))
    return data


def changes(data: dict[str, Any]) -> dict[str, str]:
    return {one["item_id"]: one["change"] for one in data["comparison"]["items"]}


FLAGS = ("--baseline", "tqb-baseline.jsonl", "-o", "r.json")


def test_broken_flaky_and_recovered(cli: Cli, tmp_path: Path, accepted: Path) -> None:
    """Only what seems broken is asked again, thrice; what comes back is told from what does not."""
    made, asked = server({1: wrong, 2: once(2), 3: every_other(3)})
    with made:
        ended = cli("run", accepted, "-m", f"{made.url}#m", "--seed", 7, *FLAGS)
    assert ended.code == 0, ended.out
    assert asked == {n: 4 if n in (1, 2, 3) else 1 for n in range(1, SIZE + 1)}
    data = report(tmp_path)
    found = changes(data)
    assert [found[name] for name in ("q1", "q2", "q3", "q4")] == [
        "broken",
        "recovered",
        "flaky",
        "unchanged",
    ]
    assert data["comparison"]["counts"] == {
        "broken": 1,
        "flaky": 1,
        "recovered": 1,
        "unchanged": 17,
    }
    confirmation = data["confirmation"]
    assert (confirmation["items"], confirmation["times"], confirmation["requests"]) == (3, 3, 9)
    assert [r["repeat"] for r in confirmation["results"][:3]] == [1, 2, 3]
    assert data["metrics"]["n"] == SIZE
    assert "asked 3 items again, 3 times each: 9 requests" in ended.out
    assert "1 of 20 items that passed before now fails (confirmed 3 times each)" in ended.out
    assert "2 items changed, but not when asked again: 1 flaky, 1 recovered" in ended.out
    again = [r for r in made.requests if r.headers.get("Cache-Control") == "no-cache"]
    assert len(again) == 9
    assert sorted({r.body["seed"] for r in again}) == [8, 9, 10]


def test_a_coroutine_is_asked_again(cli: Cli, accepted: Path, write_module: Write) -> None:
    """An async function answers the confirmation as it did the run: a break is confirmed."""
    write_module("app.py", "async def answer(question):\n    return 'nothing of the sort'\n")
    flags = ("--baseline", "tqb-baseline.jsonl", "-o", "r.json")
    ended = cli("run", accepted, "-m", "python:app:answer", *flags)
    assert ended.code == 1, ended.out + ended.err
    assert "20 of 20 items that passed before now fail" in ended.out


def test_confirmed_break_fails(cli: Cli, tmp_path: Path, accepted: Path) -> None:
    """Five items that break for good among twenty fail the run, and `tqb compare` says the same."""
    made, asked = server(dict.fromkeys(range(1, 6), wrong))
    with made:
        ended = cli("run", accepted, "-m", f"{made.url}#m", *FLAGS)
    assert ended.code == 1
    assert ended.out.splitlines()[3:5] == [
        "  5 of 20 items that passed before now fail (confirmed 3 times each), none that failed "
        "now passes; so lopsided a change would come by chance in 3.1 % of runs",
        "  a drop of 25 % is over --max-drop 0.2",
    ]
    assert asked.total() == SIZE + 15
    compared = cli("compare", "tqb-baseline.jsonl", "r.json")
    assert compared.code == 1
    assert "(confirmed 3 times each)" in compared.out


def test_hiccup_of_every_kind_is_no_regression(cli: Cli, accepted: Path) -> None:
    """Six items that fail once only do not fail the run; with no confirmation they do."""
    made, _ = server({n: once(n) for n in range(1, 7)})
    with made:
        assert cli("run", accepted, "-m", f"{made.url}#m", *FLAGS).code == 0
    made, asked = server({n: once(n) for n in range(1, 7)})
    with made:
        assert cli("run", accepted, "-m", f"{made.url}#m", *FLAGS, "--confirm", 0).code == 1
    assert asked.total() == SIZE


def test_limit(cli: Cli, accepted: Path) -> None:
    """--confirm-limit bounds the requests; what was not asked again counts as it seemed."""
    made, asked = server({n: once(n) for n in range(1, 7)})
    with made:
        ended = cli("run", accepted, "-m", f"{made.url}#m", *FLAGS, "--confirm-limit", 4)
    assert asked.total() == SIZE + 4
    assert "2 broken items were not asked again" in ended.out


def test_failed_confirmation_is_no_word_either_way(
    cli: Cli, tmp_path: Path, accepted: Path
) -> None:
    """Items whose confirmation fails are inconclusive, and so is a run that hangs on them."""

    def dead(before: int) -> str | Reply:
        return wrong(before) if before == 0 else Reply(status=500, body=b"oops")

    made, _ = server(dict.fromkeys(range(1, 6), dead))
    with made:
        ended = cli("run", accepted, "-m", f"{made.url}#m", *FLAGS)
    assert ended.code == 3
    assert ended.out.startswith("INCONCLUSIVE")
    assert "15 calls of the confirmation failed" in ended.out
    assert changes(report(tmp_path))["q1"] == "inconclusive"


def test_must_pass_item_is_confirmed_without_a_baseline(
    cli: Cli, tmp_path: Path, pack: Path
) -> None:
    """One must-pass item that fails every time fails the run; one that fails once does not."""
    for answers, code in (({1: wrong}, 1), ({1: once(1)}, 0)):
        made, asked = server(answers)
        with made:
            ended = cli("run", pack, "-m", f"{made.url}#m", "--must-pass", "q1")
        assert ended.code == code, ended.out
        assert asked[1] == 4
    assert cli("run", pack, "--must-pass", "q99").code == 2


def test_recorded_answers_are_not_asked_again(cli: Cli, tmp_path: Path, accepted: Path) -> None:
    """A recording can only repeat itself: its changes count as they seem, and that is said."""
    answers = {f"q{n}": "wrong" if n == 1 else f"number {n}" for n in range(1, 21)}
    target = write_answers(tmp_path / "b.jsonl", **answers)
    ended = cli("run", accepted, "--target", target, *FLAGS)
    assert ended.code == 0
    assert report(tmp_path)["confirmation"] is None
    assert "1 broken item was not asked again" in ended.out


def test_money_runs_out_while_asking_again(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Confirmation spends from the same budget; where it ends, nothing is judged."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n"
        "    return {'answer': 'Rome' if 'Italy' in question else 'x', 'cost_usd': 1.0}\n",
        "utf-8",
    )
    target = write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q3": "x", "q4": "x"})
    cli("run", capitals, "--target", target, "-o", "base.json")
    flags = ("--baseline", "base.json", "-o", "r.json", "-j", 1)
    asked = ("run", capitals, "--target", "python:app:answer", *flags)
    ended = cli(*asked, "--max-cost", 5.5)
    assert ended.code == 4, ended.out
    assert "2 of 3 questions were not asked again" in ended.out
    ended = cli(*asked, "--max-cost", 7)
    assert ended.code == 1
    assert report(tmp_path)["metrics"]["cost_usd"] == 7


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_interrupted_while_asking_again(tmp_path: Path, accepted: Path) -> None:
    """Ctrl-C during the confirmation ends in 130, and all answers so far are in the report."""

    def stuck(before: int) -> str | Reply:
        return wrong(before) if before == 0 else Reply(hang=True)

    made, asked = server({1: stuck})
    with made:
        process = start(tmp_path, "run", "pack.jsonl", "-m", f"{made.url}#m", *FLAGS)
        deadline = time.monotonic() + 30
        while asked.total() < SIZE + 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted after 20 of 20 answers and while changes were confirmed" in out
    assert report(tmp_path)["metrics"]["passed"] == SIZE - 1


def test_repeats_are_summed_up(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """With --repeats the report has pass@1, pass@k and pass^k, as the formulas give them."""
    made, _ = server({1: every_other(1), 2: wrong})
    with made:
        flags = ("--repeats", 3, "--temperature", 0.7, "-o", "r.json", "-j", 1)
        ended = cli("run", pack, "-m", f"{made.url}#m", *flags)
    assert ended.code == 0
    repeated = report(tmp_path)["metrics"]["repeated"]
    assert repeated == {
        "k": 3,
        "pass_at_1": round((18 + 1 / 3) / 20, 6),
        "pass_at_k": 19 / 20,
        "pass_hat_k": 18 / 20,
    }
    assert "pass@1 0.917 · pass@3 0.950 · pass^3 0.900" in ended.out
