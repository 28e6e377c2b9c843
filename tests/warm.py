"""Processes that have LiteLLM imported already, which takes seconds: copies of one that waits.

Each runs the real command line with an environment, a folder and streams of its own, and ends as
the interpreter does. `python -m tests.warm` is the one that waits.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CAN_FORK = sys.platform == "linux"
LONGEST_S = 120
"""Then a copy is ended by its alarm."""


class Warm:
    """The process that waits, and its copies."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm"],
            cwd=Path(__file__).parent.parent,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, arguments: list[str], cwd: Path, env: dict[str, str]) -> tuple[int, str, str]:
        """Run ``tqb ARGUMENTS``; return its exit code, and what it printed to each stream."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory() as folder:
            asked = {"arguments": arguments, "cwd": str(cwd), "env": env, "streams": folder}
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            out, err = (Path(folder, name).read_text("utf-8") for name in ("out", "err"))
        return code, out, err

    def close(self) -> None:
        """End the process that waits."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def _wait() -> dict[str, Any] | None:
    """Make a copy for each line of stdin; return what it is to do in the copy, else None."""
    for line in sys.stdin.buffer:
        child = os.fork()
        if not child:
            asked: dict[str, Any] = json.loads(line)
            return asked
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    return None


def _become(asked: dict[str, Any]) -> None:
    """Take on the folder, the environment and the streams of a process of one's own."""
    streams = Path(asked["streams"])
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, str(streams / "out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, str(streams / "err"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    signal.alarm(LONGEST_S)
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.path[0] = asked["cwd"]
    sys.argv[1:] = asked["arguments"]


if __name__ == "__main__":
    from tqb.cli import main

    with contextlib.redirect_stdout(io.StringIO()):
        main(["run", "core-en", "--limit", "1", "-m", "openai/gpt-4o-mini", "--dry-run"])
    gc.freeze()  # so that the copies share what is there
    todo = _wait()
    if todo:
        _become(todo)
        sys.exit(main())
