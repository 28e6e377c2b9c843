"""`tqb run --watch`: rounds that show what changed, until Ctrl-C."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Cli, bare_environment

IDLE = "watching "
APP = """
from facts import CITIES
def answer(question):
    return CITIES[question.split()[2].strip("?")]
"""
FACTS = 'CITIES = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Egypt": "Luxor"}\n'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process cannot send itself Ctrl-C")


class Watch:
    """A watch under way, in a session of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tqb", "run", "--watch", *flags],
            cwd=folder,
            env=bare_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
            # a watch in the foreground, even where the tests run in the background
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._lines.put(line)

    def until(self, beginning: str) -> str:
        """Return what is printed up to and with the first line that begins so."""
        said = ""
        while True:
            line = self._lines.get(timeout=60)
            said += line
            if line.startswith(beginning):
                return said

    def interrupt(self, number: int = signal.SIGINT) -> int:
        """Send the watch a signal, and none of its children; return the exit code."""
        os.kill(self.process.pid, number)
        return self.process.wait(60)

    def is_alone(self) -> bool:
        """Whether nothing is left of the session."""
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def close(self) -> None:
        if not self.is_alone():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def watch(tmp_path: Path, capitals: Path) -> Iterator[Callable[..., Watch]]:
    """Start a watch in a folder with a pack, a prompt and a pipeline in two modules."""
    (tmp_path / "prompt.txt").write_text("{{ input }}", "utf-8")
    (tmp_path / "app.py").write_text(APP, "utf-8")
    (tmp_path / "facts.py").write_text(FACTS, "utf-8")
    (tmp_path / "tqb.toml").write_text(
        'packs = ["./capitals.jsonl"]\ntarget = "python:app:answer"\nprompt = "prompt.txt"\n'
        'output = ["run.md"]\n',
        "utf-8",
    )
    started: list[Watch] = []

    def start(*flags: str) -> Watch:
        started.append(Watch(tmp_path, *flags))
        return started[-1]

    yield start
    for one in started:
        one.close()


def test_rounds(watch: Callable[..., Watch], tmp_path: Path) -> None:
    """After a whole report each round shows what changed, whichever file it was."""
    watching = watch("--fail-under", "0.7")
    first = watching.until(IDLE)
    assert first.startswith("PASS  capitals · python:app:answer · 4 items\n")
    assert first.endswith("watching 5 files; Ctrl-C ends it\n")

    def after(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, "utf-8")
        said = watching.until(IDLE)
        assert said.startswith(f"\nchanged: {name}\n")
        return said.partition("\n")[2].partition("\n")[2]

    said = after("facts.py", FACTS.replace("Rome", "Milan").replace("Luxor", "Giza"))
    head, events = said.split("  broken      ")
    assert head.startswith("FAIL  capitals · python:app:answer · 4 items\n")
    assert head.endswith("  accuracy 0.750 → 0.500 (2 of 4 right)\n")
    broken, answer = events.split("  answer      ")
    assert broken.startswith("capitals/q2  Capital of Italy?\n    answer  Rome → Milan\n    why  ")
    assert answer.startswith("capitals/q4  Capital of Egypt?\n    answer  Luxor → Giza\n    why  ")
    assert "q1" not in said

    said = after("app.py", f"{APP}\nx = (\n")
    assert said.startswith('error: importing "app" failed: SyntaxError: ')
    assert said.count("\n") == 2
    said = after("app.py", APP)
    assert said == (
        "FAIL  capitals · python:app:answer · 4 items\n  accuracy 0.500\n"
        "  every answer is as it was\nwatching 5 files; Ctrl-C ends it\n"
    )

    said = after("prompt.txt", "Name it: {{ input }}")
    assert "  accuracy 0.500 → – (0 of 0 right)\n" in said
    assert said.count("  unanswered  capitals/q") == 4

    said = after("tqb.toml", "packs = 3\n")
    assert said.startswith("error: tqb.toml:1: packs = 3: Input should be a valid list")
    said = after("tqb.toml", 'packs = ["./capitals.jsonl"]\ntarget = "python:app:answer"\n')
    assert "  answered    capitals/q1" in said

    pack = (tmp_path / "capitals.jsonl").read_text("utf-8")
    said = after("capitals.jsonl", pack.replace("Cairo", "Giza"))
    assert "  edited      capitals/q4" in said
    assert watching.interrupt() == 130
    assert watching.is_alone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_round_too(
    watch: Callable[..., Watch], tmp_path: Path, number: int
) -> None:
    """A run that hangs ends with the watch."""
    hangs = "import sys, time\ndef answer(q):\n    print('asked', file=sys.stderr)\n"
    (tmp_path / "app.py").write_text(f"{hangs}    time.sleep(600)\n", "utf-8")
    watching = watch()
    watching.until("asked")
    assert watching.interrupt(number) == 130
    assert watching.is_alone()


def test_what_a_run_writes_begins_no_round(watch: Callable[..., Watch], tmp_path: Path) -> None:
    """A report that lands in the pipeline's own folder does not make the watch run for ever."""
    module = tmp_path / "rag" / "__init__.py"
    module.parent.mkdir()
    module.write_text(APP.replace("from facts", "from .facts"), "utf-8")
    (tmp_path / "facts.py").rename(module.parent / "facts.py")
    watching = watch("-m", "python:rag:answer", "-o", "rag/run.md")
    watching.until(IDLE)
    assert (module.parent / "run.md").exists()
    (module.parent / "facts.py").write_text(FACTS.replace("Luxor", "Cairo"), "utf-8")
    said = watching.until(IDLE)
    assert said.startswith("\nchanged: rag/facts.py\n")
    assert "  fixed       capitals/q4" in said
    assert watching.interrupt() == 130


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        (("--resume",), "--watch and --resume do not go together"),
        (("--dry-run",), "--watch and --dry-run do not go together"),
        (("/dev/stdin",), "--watch: /dev/stdin cannot be watched"),
    ],
)
def test_refusals(cli: Cli, flags: tuple[str, ...], wanted: str) -> None:
    """What cannot be run twice is refused in one sentence."""
    ended = cli("run", "--watch", *flags)
    assert ended.code == 2
    assert ended.err.startswith(f"error: {wanted}")
    assert ended.err.count("\n") == 1
