"""`tqb doctor`: a live target is examined without a baseline, and each sick one is told apart."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import sick_servers as sick
from tests.conftest import Cli
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.doctor import DoctorOptions, Examination, examine
from tqb.types import Limits, Params

Answer = Callable[[Body], Reply]
STATES = ("ok", "notice", "wrong", "unknown")
AT_ONCE = Limits(max_concurrency=16, retry_delay_s=0.02, retries=8)


def examined(answer: Answer, *, quick: bool = False, capacity: int | None = None) -> Examination:
    """Examine a server that answers so."""
    with OpenAIServer(answer, capacity=capacity) as server:
        params = Params(0.0, None, 128, 20.0)
        return examine(DoctorOptions(f"{server.url}#m", params, AT_ONCE, quick=quick))


def states(made: Examination) -> dict[str, str]:
    return {check.name: check.state for check in made.checks}


def wrong(made: Examination) -> dict[str, set[str]]:
    """The faults of each check that says wrong."""
    return {
        check.name: {one.name for one in check.findings if one.level == "fault"}
        for check in made.checks
        if check.state == "wrong"
    }


@pytest.mark.parametrize("quick", [False, True])
def test_a_healthy_server_is_well(quick: bool) -> None:
    """All eight checks say ok, with 57 questions or 18."""
    made = examined(sick.reply_to, quick=quick)
    assert set(states(made).values()) == {"ok"}, made.checks
    assert made.requests == (18 if quick else 57)


SICK: dict[str, tuple[Answer, str, str]] = {
    "system lost": (sick.without("system"), "template", "system-prompt-lost"),
    "system lost, uncounted": (sick.unheard, "template", "system-prompt-lost"),
    "system twice": (
        sick.twice("system"),
        "template",
        "system-prompt-doubled",
    ),
    "question twice": (sick.twice("user"), "template", "sent-twice"),
    "question lost": (sick.without("user"), "template", "question-lost"),
    "one answer for all": (sick.one_answer(), "template", "question-lost"),
    "escaped": (sick.changed(html.escape), "template", "question-altered"),
    "undecoded": (
        sick.changed(lambda text: text.replace(" ", "Ġ")),
        "tokenizer",
        "lines-damaged",
    ),
    "late cache": (sick.late_cache(), "concurrency", "answers-swapped"),
    "mojibake": (sick.changed(sick.mojibake), "tokenizer", "lines-damaged"),
    "torn": (
        sick.changed(lambda text: text.encode("ascii", "replace").decode()),
        "tokenizer",
        "lines-damaged",
    ),
    "never stops": (sick.goes_on, "stop", "never-stops"),
    "cut and said so": (sick.lower_limit, "stop", "answers-cut"),
    "cut on the way": (sick.changed(lambda text: text[:14]), "stop", "text-cut-on-the-way"),
    "limit ignored": (sick.deaf_to_limits, "stop", "max-tokens-ignored"),
    "sampled": (sick.draws(), "determinism", "answers-vary"),
    "constant usage": (sick.miscounted, "usage", "usage-constant"),
    "random usage": (sick.scrambled(), "usage", "usage-unordered"),
}


@pytest.mark.parametrize("name", SICK)
def test_each_sick_server_is_told_by_its_sickness(name: str) -> None:
    """The check that the fault belongs to says wrong, and names it."""
    answer, where, fault = SICK[name]
    made = examined(answer)
    assert fault in wrong(made).get(where, set()), made.checks


def test_answers_swapped_under_load_are_seen() -> None:
    """Alone each question gets its own answer, at once another one's: concurrency is wrong."""
    holder: list[OpenAIServer] = []
    with OpenAIServer(sick.mixed_up(holder)) as server:
        holder.append(server)
        params = Params(0.0, None, 128, 20.0)
        made = examine(DoctorOptions(f"{server.url}#m", params, AT_ONCE, quick=True))
    assert wrong(made) == {"concurrency": {"answers-swapped-at-once"}}
    assert states(made)["determinism"] == "ok"


def test_a_server_that_counts_nothing_is_not_sick() -> None:
    """Usage is unknown, never wrong; nothing else suffers from it."""
    made = examined(sick.uncounted, quick=True)
    assert states(made).pop("usage") == "unknown"
    assert not wrong(made)


def test_a_server_that_refuses_is_told_at_how_many() -> None:
    """429 over four at once is a notice with its number, and no answer is lost by it."""

    def slow(body: Body) -> Reply:
        reply = sick.reply_to(body)
        return Reply(
            reply.content, finish_reason=reply.finish_reason, usage=reply.usage, delay_s=0.02
        )

    made = examined(slow, capacity=4)
    check = next(check for check in made.checks if check.name == "rate limits")
    assert check.state == "notice"
    assert "the first with 5 at once" in check.said
    assert "no Retry-After" in check.said
    assert not wrong(made)


def test_a_weak_model_is_not_a_broken_tokenizer() -> None:
    """A model that cannot repeat even plain ASCII leaves template and tokenizer unknown."""
    babble = {"a": 0}

    def answer(body: Body) -> Reply:
        babble["a"] += 1
        return Reply(f"Well, that is number {babble['a'] % 7}.", usage=sick.reply_to(body).usage)

    made = states(examined(answer))
    assert made["tokenizer"] == "unknown"
    assert made["template"] == "unknown"


def test_the_command_tells_each_check_and_ends_in_0_or_1(cli: Cli, tmp_path: Path) -> None:
    """A line a check with its mark and its word; the JSON holds the same, findings apart."""
    with OpenAIServer(sick.reply_to) as server:
        ended = cli("doctor", "--target", f"{server.url}#m", "--verbose")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("NOTHING WRONG  http://127.0.0.1")
    assert ended.out.count("✓") == 8
    assert "TOKENS A CHARACTER, BY SCRIPT" in ended.out
    with OpenAIServer(sick.without("system")) as server:
        ended = cli("doctor", "-m", f"{server.url}#m", "--quick", "-o", "doctor.json")
    assert ended.code == 1
    assert "✗ template    wrong    The system prompt does not reach the model" in ended.out
    made = json.loads((tmp_path / "doctor.json").read_text("utf-8"))
    assert {check["state"] for check in made["checks"]} <= set(STATES)
    assert [one["name"] for one in made["findings"]] == ["system-prompt-lost"]


def test_own_functions_may_leave_things_unsaid(cli: Cli, tmp_path: Path) -> None:
    """A function that takes the question alone: usage and stop are unknown, nothing is wrong."""
    (tmp_path / "app.py").write_text(
        "def answer(question):\n    return question.partition(':\\n')[2] or question[:9]\n", "utf-8"
    )
    ended = cli("doctor", "--target", "python:app:answer")
    assert ended.code == 0, ended.out
    assert "? usage       unknown  the target tells no token counts" in ended.out


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        ("--target demo", 2, "the answers of demo are recorded: name a target that is alive"),
        (
            "--target http://127.0.0.1:9/v1#m --retry-delay 0",
            3,
            "1 of 1 question brought no answer",
        ),
        ("--target http://127.0.0.1:9/v1#m --max-cost 1", 4, "--max-cost 1 cannot be held"),
        ("--target http://127.0.0.1:9/v1#m -o doctor.csv", 2, "name a .json file"),
    ],
)
def test_where_nothing_can_be_said(cli: Cli, flags: str, code: int, said: str) -> None:
    """Recorded answers, nobody there, no budget, no such format: each its own exit code."""
    ended = cli("doctor", *flags.split())
    assert ended.code == code
    assert said in ended.out + ended.err
