"""A run leaves nothing open behind it, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import bare_environment
from tests.openai_server import Body, OpenAIServer, Reply, last_user_turn

TOWNS = {"France": "Paris", "Italy": "Rome", "Spain": "Madrid"}
COMPLAINTS = ("ResourceWarning", "RuntimeWarning", "unclosed", "never", "Event loop")
"""What Python's development mode says of what was left open."""


ENDS = {
    "success": ("Cairo", None, 0),
    "failure": ("Oslo", None, 1),
    "outage": ("fails", None, 3),
    "term": ("hangs", signal.SIGTERM, 130),
    "int": ("hangs", signal.SIGINT, 130),
}
"""What comes of the question about Egypt, the signal sent then, and the exit code."""


@pytest.mark.parametrize(
    ("target", "end"),
    [
        *(("endpoint", end) for end in ENDS),
        *(("litellm", end) for end in ("success", "outage", "term")),
        *(("python", end) for end in ("success", "term")),
        *(("cmd", end) for end in ("success", "term")),
    ],
)
def test_nothing_is_left_open(tmp_path: Path, capitals: Path, target: str, end: str) -> None:
    """Success, failure, outage, SIGTERM and Ctrl-C alike, under ``-X dev``."""
    egypt, sent, code = ENDS[end]
    stuck = threading.Event()

    def answer(body: Body) -> Reply | str:
        land = last_user_turn(body).removeprefix("Capital of ").removesuffix("?")
        if land in TOWNS:
            return TOWNS[land]
        stuck.set()
        return {"fails": Reply(status=500), "hangs": Reply(hang=True)}.get(egypt, egypt)

    with OpenAIServer(answer) as server:
        (tmp_path / "app.py").write_text(APP.replace("URL", server.url), "utf-8")
        spec = {
            "endpoint": f"{server.url}#m",
            "litellm": "openai/m",
            "python": "python:app:answer",
            "cmd": f"cmd:{sys.executable} app.py",
        }
        flags = ["-m", spec[target], "--retries", "0", "--fail-under", "1", "-q"]
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "tqb", "run", str(capitals), *flags],
            cwd=tmp_path,
            env=bare_environment(OPENAI_BASE_URL=server.url, OPENAI_API_KEY="none"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process:
            if sent:
                assert stuck.wait(60)
                process.send_signal(sent)
            out, err = process.communicate(timeout=60)
    assert process.returncode == code, out + err
    assert not [line for line in err.splitlines() if any(word in line for word in COMPLAINTS)], err


APP = """
import json
import sys
import urllib.request


def answer(question):
    body = json.dumps({"messages": [{"role": "user", "content": question}]}).encode()
    request = urllib.request.Request("URL/chat/completions", body)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


if __name__ == "__main__":
    print(answer(sys.stdin.read().strip()))
"""
