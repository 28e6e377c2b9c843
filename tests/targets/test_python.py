"""A Python function as the target."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Cli
from tests.targets.ask import answer_of, ask, caught, failure_of, in_development_mode, make_request
from tqb.errors import CallError, TargetError
from tqb.targets import open_target
from tqb.types import Message, Params, Request, Response

Write = Callable[[str, str], None]

APP = """
import asyncio, functools, threading

def answer(question): return question.upper()
async def later(question): await asyncio.sleep(0); return question.lower()
def chat(messages): return "|".join(f"{m['role']}: {m['content']}" for m in messages)
async def chat_later(*, messages, style="x"): return str(len(messages)) + style
def mixed(question, /, depth=2): return f"{question}{depth}"
partial = functools.partial(mixed, depth=5)
later_partial = functools.partial(later)
def promise(question): return later(question)
def thread(question): return str(threading.current_thread().daemon)

class Pipeline:
    def __call__(self, question): return "called"
    async def later(self, question): return "method"
class Later:
    async def __call__(self, question): return "called later"
pipeline = Pipeline()
called_later = Later()
number = 3

def rich(question):
    return {"answer": "Paris", "prompt_tokens": 5, "completion_tokens": 1,
            "finish_reason": "stop", "model": "mine", "cost_usd": 0.5, "other": 1}
"""

BUGS = """
import asyncio, concurrent.futures, json
from tqb.errors import CallError

def helper(question):
    raise ValueError(f"no {question}\\nat all")
def bug(question): return helper(question)
async def later_bug(question): return helper(question)
def library(question): return json.loads("{")
def leave(question): raise SystemExit(3)
async def later_leave(question): raise SystemExit(3)
def interrupt(question): raise KeyboardInterrupt
def stop(question): raise StopIteration(question)
def slow(question): raise TimeoutError("slow")
async def later_slow(question): await asyncio.wait_for(asyncio.sleep(9), 0.01)
def future_slow(question): raise concurrent.futures.TimeoutError
def limited(question): raise CallError("rate_limit", "wait", 3.0)
class Mute(Exception):
    def __str__(self): raise RuntimeError
def mute(question): raise Mute
def deep(question): return deep(question)
def secret(question): raise ValueError("key sk-abcdef0123456")
"""


@pytest.fixture
def app(write_module: Write) -> None:
    """Modules `app` and `bugs` in the current directory."""
    write_module("app.py", APP)
    write_module("bugs.py", BUGS)


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        ("answer", "WHAT?"),
        ("later", "what?"),
        ("chat", "system: Be brief.|user: What?"),
        ("chat_later", "2x"),
        ("mixed", "What?2"),
        ("partial", "What?5"),
        ("later_partial", "what?"),
        ("promise", "what?"),
        ("thread", "True"),
        ("pipeline", "called"),
        ("pipeline.later", "method"),
        ("called_later", "called later"),
    ],
)
@pytest.mark.usefixtures("app")
def test_anything_that_can_be_called_answers(function: str, answer: str) -> None:
    """Sync or async, with the question or with the turns."""
    response = answer_of(f"python:app:{function}", make_request("What?"))
    assert replace(response, latency_s=0.0) == Response(answer)


@pytest.mark.usefixtures("app")
def test_a_mapping_carries_what_is_known_of_the_answer() -> None:
    """Its fields go into the response; others are passed over."""
    response = replace(answer_of("python:app:rich"), latency_s=0.0)
    assert response == Response("Paris", "stop", 5, 1, 0.0, 0.5, "mine")


def test_the_last_user_turn_is_the_question(write_module: Write) -> None:
    """Turns of others are passed over."""
    write_module("echo_app.py", "def answer(question): return question")
    turns = (Message("user", "a"), Message("user", "b"), Message("assistant", "c"))
    request = replace(make_request(), messages=turns)
    assert answer_of("python:echo_app:answer", request).answer == "b"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("7", "answer returned int, wanted a string"),
        ("None", "answer returned NoneType, wanted a string"),
        ("{}", 'a mapping in which "answer" is missing, wanted a string'),
        ("{'answer': 7}", '"answer" is int, wanted a string'),
        ("{'answer': 'x', 'prompt_tokens': 'y'}", '"prompt_tokens" is str, wanted a whole number'),
        ("{'answer': 'x', 'prompt_tokens': True}", '"prompt_tokens" is bool'),
        (
            "{'answer': 'x', 'cost_usd': float('nan')}",
            '"cost_usd" is out of range, wanted a number from 0',
        ),
        ("{'answer': 'x', 'model': 1}", '"model" is int, wanted a string'),
    ],
)
def test_a_wrong_return_is_a_bug_of_the_target(
    write_module: Write, returned: str, said: str
) -> None:
    """The message says what came and what was wanted."""
    write_module("wrong.py", f"def answer(question): return {returned}")
    failure = failure_of("python:wrong:answer")
    assert failure.kind == "target_bug"
    assert said in str(failure)


@pytest.mark.parametrize(
    ("function", "kind", "said"),
    [
        ("bug", "target_bug", "ValueError: no q at all (bugs.py:6 in helper)"),
        ("later_bug", "target_bug", "ValueError: no q at all (bugs.py:6 in helper)"),
        ("leave", "target_bug", "SystemExit: 3 (bugs.py:10 in leave)"),
        ("later_leave", "target_bug", "SystemExit: 3 (bugs.py:11 in later_leave)"),
        ("interrupt", "target_bug", "KeyboardInterrupt (bugs.py:12 in interrupt)"),
        ("stop", "target_bug", "StopIteration: q (bugs.py:13 in stop)"),
        ("slow", "timeout", "TimeoutError: slow (bugs.py:14 in slow)"),
        ("later_slow", "timeout", "TimeoutError (bugs.py:15 in later_slow)"),
        ("future_slow", "timeout", "TimeoutError (bugs.py:16 in future_slow)"),
        ("limited", "rate_limit", "wait"),
        ("mute", "target_bug", "Mute (bugs.py:20 in mute)"),
        ("secret", "target_bug", "ValueError: key sk-*** (bugs.py:22 in secret)"),
    ],
)
@pytest.mark.usefixtures("app")
def test_an_exception_is_a_failure_with_its_place(function: str, kind: str, said: str) -> None:
    """The run goes on, and the message leads to the line."""
    failure = failure_of(f"python:bugs:{function}", make_request("q"))
    assert (failure.kind, str(failure)) == (kind, said)


@pytest.mark.usefixtures("app")
def test_the_place_is_in_the_users_own_code() -> None:
    """Where a library raises, the line that called it counts; so does endless recursion."""
    library = failure_of("python:bugs:library")
    assert "(bugs.py:9 in library)" in str(library)
    assert "(bugs.py:21 in deep)" in str(failure_of("python:bugs:deep"))


@pytest.mark.usefixtures("app")
def test_the_exception_stays_the_cause() -> None:
    """For those who want the traceback."""
    assert isinstance(failure_of("python:bugs:bug").__cause__, ValueError)


@pytest.mark.usefixtures("app")
def test_the_traceback_is_logged_once_for_each_place(caplog: pytest.LogCaptureFixture) -> None:
    """Once as an error, then for debugging only."""
    with caplog.at_level(logging.DEBUG, "tqb.targets"):
        ask("python:bugs:bug", make_request("a"), make_request("b"), make_request("c"))
    records = [record for record in caplog.records if record.name == "tqb.targets"]
    levels = sorted(record.levelname for record in records)
    assert levels == ["DEBUG", "DEBUG", "ERROR"]
    assert all("Traceback (most recent call last)" in record.getMessage() for record in records)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("appp:answer", 'no module "appp": did you mean app?'),
        ("zzz:answer", 'no module "zzz": the current directory has app, broken, bugs'),
        ("app.x:answer", 'no module "app.x"'),
        ("app:answr", 'module "app" has no "answr": did you mean answer?'),
        ("app:pipeline.latr", 'module "app" has no "pipeline.latr": did you mean later?'),
        ("app:number", '"number" in module "app" is int, wanted a function'),
        ("two:answer", "answer cannot be called with a question alone: missing a required"),
        ("none:answer", "answer cannot be called with a question alone: too many positional"),
        ("broken:answer", 'importing "broken" failed: ZeroDivisionError: division by zero'),
        ("broken:answer", "(broken.py:2)"),
        ("leaving:answer", 'importing "leaving" failed: SystemExit: 1 (leaving.py:1)'),
        ("syntax:answer", "(syntax.py:2)"),
        ("needs:answer", "ModuleNotFoundError: No module named 'absent_library' (needs.py:1)"),
        ("package.sbu:answer", 'no module "package.sbu": did you mean sub?'),
    ],
)
@pytest.mark.usefixtures("app")
def test_what_cannot_be_used_is_refused_at_opening(
    write_module: Write, spec: str, said: str
) -> None:
    """With what exists nearby, or the line that failed."""
    write_module("two.py", "def answer(a, b): ...")
    write_module("none.py", "def answer(): ...")
    write_module("broken.py", "\n1 / 0")
    write_module("leaving.py", "raise SystemExit(1)")
    write_module("syntax.py", "x = 1\ndef answer(:\n")
    write_module("needs.py", "import absent_library")
    write_module("package/__init__.py", "")
    write_module("package/sub.py", "")
    with pytest.raises(TargetError) as caught_error:
        open_target(f"python:{spec}")
    assert said in str(caught_error.value)
    assert "\n" not in str(caught_error.value)


def test_a_function_that_hangs_is_a_timeout_and_blocks_no_exit(write_module: Write) -> None:
    """The process ends although the thread still hangs."""
    write_module("stuck.py", "import threading\ndef answer(q): threading.Event().wait()")
    code = """
from tests.targets.ask import failure_of, make_request
from tqb.types import Params
import os
os.chdir(os.environ["WHERE"])
print(failure_of("python:stuck:answer", make_request(params=Params(timeout_s=0.1))).kind)
"""
    root = str(Path(__file__).parents[2])
    assert in_development_mode(code, WHERE=str(Path.cwd()), PYTHONPATH=root) == ("timeout\n", [])


def test_an_async_function_is_cancelled_when_its_time_is_up(write_module: Write) -> None:
    """It can clean up behind it."""
    source = """
import asyncio
ended = []
async def answer(question):
    try: await asyncio.Event().wait()
    finally: ended.append(question)
"""
    write_module("patient.py", source)
    failure = failure_of("python:patient:answer", make_request("q", params=Params(timeout_s=0.05)))
    assert failure.kind == "timeout"
    assert sys.modules["patient"].ended == ["q"]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_cancellation_goes_through(write_module: Write, kind: str) -> None:
    """A cancelled call is cancelled, not failed."""
    wait = "await asyncio.Event().wait()" if kind == "async def" else "threading.Event().wait()"
    write_module("waits.py", f"import asyncio, threading\n{kind} answer(question): {wait}")

    async def run() -> None:
        call = asyncio.create_task(open_target("python:waits:answer").complete(make_request()))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(run())


def test_calls_of_a_sync_function_run_side_by_side(write_module: Write) -> None:
    """Twenty of them meet at one barrier."""
    source = """
import threading
barrier = threading.Barrier(20)
def answer(question): barrier.wait(20); return "met"
"""
    write_module("crowd.py", source)
    outcomes = ask("python:crowd:answer", *[make_request() for _ in range(20)])
    assert {getattr(outcome, "answer", outcome) for outcome in outcomes} == {"met"}


def test_one_failure_leaves_the_other_calls_alone(write_module: Write) -> None:
    """Each call has its own outcome, in its own place."""
    write_module("some.py", "def answer(q):\n  if q == 'b': raise SystemExit\n  return q")

    async def run() -> list[Response | CallError]:
        target = open_target("python:some:answer")
        requests: list[Request] = [make_request(q) for q in "abc"]
        return await asyncio.gather(*(caught(target.complete(r)) for r in requests))

    first, second, third = asyncio.run(run())
    assert [getattr(first, "answer", ""), getattr(third, "answer", "")] == ["a", "c"]
    assert isinstance(second, CallError)


def test_a_coroutine_that_blocks_holds_nothing_up(write_module: Callable[[str, str], None]) -> None:
    """Blocking, or refusing to be cancelled, ends with the timeout of its call."""
    write_module(
        "blocks.py",
        "import asyncio, time\n"
        "async def block(question):\n    time.sleep(5)\n"
        "async def stubborn(question):\n"
        "    for _ in range(50):\n"
        "        try:\n            await asyncio.sleep(0.1)\n"
        "        except asyncio.CancelledError:\n            pass\n",
    )
    for name in ("block", "stubborn"):
        before = time.monotonic()
        request = make_request(params=Params(timeout_s=0.05))
        assert failure_of(f"python:blocks:{name}", request).kind == "timeout"
        assert time.monotonic() - before < 4


def test_a_kind_of_failure_that_nobody_knows_is_a_bug_of_the_function(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """The run says which kinds there are, and its report can be read."""
    raising = "from tqb.errors import CallError\ndef f(question): raise CallError('sad', 'I wept')"
    (tmp_path / "app.py").write_text(raising, "utf-8")
    ended = cli("run", capitals, "--target", "python:app:f", "-o", "r.json")
    assert ended.code == 3
    assert 'CallError("sad", …) is none of timeout, rate_limit,' in ended.out
    assert cli("report", "r.json", "-o", "r.md").code == 0
