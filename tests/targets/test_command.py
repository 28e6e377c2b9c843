"""A program as the target."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.targets.ask import (
    answer_of,
    ask,
    caught,
    failure_of,
    in_development_mode,
    make_request,
)
from tqb.errors import TargetError
from tqb.targets import open_target
from tqb.types import Params, Response

posix = pytest.mark.skipif(os.name != "posix", reason="process groups are a matter of POSIX")


def program(path: Path, source: str) -> str:
    """The spec that runs `source` with this Python."""
    script = path / "program.py"
    script.write_text(source, encoding="utf-8")
    words = [sys.executable, "-X", "utf8", str(script)]
    return "cmd:" + (shlex.join(words) if os.name == "posix" else " ".join(words))


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("print(input().upper())", "ÇA VA? 北京"),
        ("import sys; sys.stdout.write(sys.stdin.read())", "ça va? 北京"),
        ("print('a\\n')", "a\n"),
        ("print('  a  ')", "  a  "),
        ("pass", ""),
        ("import os; os.close(0); print('deaf')", "deaf"),
        ("import sys; print('x' * 300000, file=sys.stderr); print('loud')", "loud"),
    ],
)
def test_what_the_program_prints_is_the_answer(tmp_path: Path, source: str, answer: str) -> None:
    """Less one line end; the question comes as UTF-8 on standard input."""
    response = answer_of(program(tmp_path, source), make_request("ça va? 北京"))
    assert (response.answer, response.finish_reason) == (answer, None)
    assert response.latency_s > 0


def test_a_long_question_may_go_unread(tmp_path: Path) -> None:
    """A program that closes its input early is fine."""
    spec = program(tmp_path, "import sys; sys.stdin.close(); print('done')")
    assert answer_of(spec, make_request("x" * 2_000_000)).answer == "done"


def test_arguments_are_split_and_no_shell_sees_them(tmp_path: Path) -> None:
    """Quotes hold words together; $ and ; are plain signs."""
    spec = program(tmp_path, "import sys; print(sys.argv[1:])") + ' "a b" $HOME ;x'
    assert answer_of(spec).answer == "['a b', '$HOME', ';x']"


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (
            "import sys; print('one', file=sys.stderr); sys.exit('two \\x1b[31m')",
            "target_bug",
            r"exited with status 1: two \x1b[31m",
        ),
        ("raise SystemExit(7)", "target_bug", "exited with status 7, and said nothing"),
        ("import sys; sys.exit('y' * 500)", "target_bug", "…"),
        (
            "import sys; sys.stdout.buffer.write(b'ab\\xff')",
            "bad_response",
            "printed text that is not UTF-8 (byte 2)",
        ),
        ("print('x' * 9 * 2**20)", "bad_response", "printed more than 8 MiB"),
    ],
)
def test_a_program_that_fails_says_how(tmp_path: Path, source: str, kind: str, said: str) -> None:
    """Status and last line of standard error, or what is wrong with the output."""
    failure = failure_of(program(tmp_path, source))
    assert failure.kind == kind
    assert said in str(failure)
    assert len(str(failure)) < 300


@posix
def test_a_killed_program_says_its_signal(tmp_path: Path) -> None:
    """A negative status is a signal."""
    failure = failure_of(program(tmp_path, "import os; os.kill(os.getpid(), 9)"))
    assert "was killed by signal 9" in str(failure)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("cmd:no-such-program-here x", 'no program "no-such-program-here" on the PATH'),
        ("cmd:./absent", 'no program "./absent"'),
    ],
)
def test_an_absent_program_is_found_at_opening(spec: str, said: str) -> None:
    """Before any question is put."""
    with pytest.raises(TargetError) as caught_error:
        open_target(spec)
    assert said in str(caught_error.value)


@posix
def test_open_quotes_are_refused() -> None:
    """The command cannot be split."""
    with pytest.raises(TargetError, match="cannot be split into words: No closing quotation"):
        open_target("cmd:echo 'a")


def test_the_name_shows_no_key() -> None:
    """What an option calls a key is taken out, and what looks like one."""
    spec = f"cmd:{shlex.quote(sys.executable)} --api-key zebra-77 sk-zebra0123456 --max-tokens 7"
    assert open_target(spec).name.endswith("--api-key *** sk-*** --max-tokens 7")


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def wait_until_gone(pid: int) -> bool:
    """Give the system some time to bury the process."""
    for _ in range(500):
        if not is_alive(pid):
            return True
        time.sleep(0.01)
    return False


@posix
@pytest.mark.parametrize("then", ["wait", "exit 0"])
def test_a_timeout_kills_the_program_and_its_children(tmp_path: Path, then: str) -> None:
    """Also where the program has left, and a child holds its output open."""
    note = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {shlex.quote(str(note))}; {then}"
    spec = f"cmd:sh -c {shlex.quote(script)}"
    failure = failure_of(spec, make_request(params=Params(timeout_s=1.0)))
    assert failure.kind == "timeout"
    assert wait_until_gone(int(note.read_text()))


@posix
def test_a_child_that_left_the_group_holds_nothing_up(tmp_path: Path) -> None:
    """The call ends in time, and nothing is left open."""
    source = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""
    note = tmp_path / "pid"
    spec = program(tmp_path, source) + f" {shlex.quote(str(note))}"
    failure = failure_of(spec, make_request(params=Params(timeout_s=4.0)))
    os.kill(int(note.read_text()), signal.SIGKILL)
    assert failure.kind == "timeout"


@posix
def test_a_cancelled_call_kills_the_program(tmp_path: Path) -> None:
    """And cancellation goes through."""
    note = tmp_path / "pid"
    source = (
        "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()} '); time.sleep(600)"
    )
    spec = program(tmp_path, source) + f" {shlex.quote(str(note))}"

    async def run() -> None:
        call = asyncio.create_task(open_target(spec).complete(make_request()))
        while not (note.exists() and note.read_text().endswith(" ")):
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(run())
    assert wait_until_gone(int(note.read_text()))


def test_calls_run_side_by_side(tmp_path: Path) -> None:
    """Each has a process of its own, and its own answer."""
    spec = program(tmp_path, "print(input())")
    outcomes = ask(spec, *[make_request(str(n)) for n in range(8)])
    answers = [outcome.answer for outcome in outcomes if isinstance(outcome, Response)]
    assert answers == [str(n) for n in range(8)]


def test_development_mode_has_nothing_to_say(tmp_path: Path) -> None:
    """No open pipe, no zombie and no word of a closed loop, even after a timeout."""
    spec = program(tmp_path, "import time; x = input(); x == 'hang' and time.sleep(60); print(x)")
    code = """
from tests.targets.ask import ask, make_request
from tqb.types import Params
import os
asked = [make_request(q, params=Params(timeout_s=4.0)) for q in ("hang", "ok")]
print(*(getattr(outcome, "kind", "ok") for outcome in ask(os.environ["SPEC"], *asked)))
"""
    assert in_development_mode(code, SPEC=spec) == ("timeout ok\n", [])


def test_a_program_that_vanishes_is_a_failure(tmp_path: Path) -> None:
    """It was there at opening and is not at the call."""
    script = tmp_path / ("tool.bat" if os.name == "nt" else "tool")
    script.write_text("#!/bin/sh\necho hi\n")
    script.chmod(0o755)

    async def run() -> object:
        target = open_target(f"cmd:{shlex.quote(str(script))}")
        script.unlink()
        return await caught(target.complete(make_request()))

    outcome = asyncio.run(run())
    assert getattr(outcome, "kind", None) == "target_bug"
    assert "tool" in str(outcome)
