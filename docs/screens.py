"""Pictures of what the terminal shows, made of what it does show.

    python docs/screens.py

Each command is run in a terminal of so many columns, in a folder of its own, and what it printed is
drawn as SVG by rich. The tests hold the pictures against this.
"""

from __future__ import annotations

import fcntl
import html
import io
import json
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "screens"


@dataclass(frozen=True)
class Screen:
    """A command and the terminal it is run in."""

    command: str
    columns: int = 100
    before: tuple[str, ...] = ()
    """Commands that are run first, unseen."""
    lines: int = 24
    """Of what was printed, so many are drawn."""
    colour: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    """What lies in the folder, by name."""


def answers(rows: Mapping[str, str], tokens: int | None = None) -> str:
    """Return the file of recorded answers, by item; each prompt took so many tokens."""
    more = {} if tokens is None else {"prompt_tokens": tokens, "completion_tokens": 2}
    return "".join(
        json.dumps({"id": item, "answer": text, **more}) + "\n" for item, text in rows.items()
    )


ACCEPTED = ("tqb run", "tqb baseline accept")
AGAINST = "--baseline tqb-baseline.jsonl"

FIRST = "core-en --limit 6"
RIGHT = {
    "capital-japan": "Tokyo",
    "largest-ocean": "The Pacific Ocean",
    "highest-mountain": "Mount Everest",
    "river-cairo": "Nile",
    "continent-sahara": "Africa",
    "smallest-country": "Vatican City",
}
IN_SCRIPTS = {"capital-japan": "大阪", "largest-ocean": "المحيط", "highest-mountain": "富士山"}
STOPPED = """
import asyncio, os, signal
KNOWN = iter(["Tokyo", "The Pacific Ocean", "Mount Everest", "Nile", "Europe"])

async def answer(question):
    known = next(KNOWN, None)
    if known is None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)
    return known
"""

SCREENS: Mapping[str, Screen] = {
    "pass": Screen(f"tqb run {AGAINST}", before=ACCEPTED),
    "fail": Screen(f"tqb run --target demo:broken {AGAINST}", before=ACCEPTED),
    "narrow": Screen(f"tqb run --target demo:broken {AGAINST}", columns=80, before=ACCEPTED),
    "wide": Screen(f"tqb run --target demo:broken {AGAINST}", columns=200, before=ACCEPTED),
    "no-colour": Screen(
        f"tqb run --target demo:broken {AGAINST} --quiet", before=ACCEPTED, colour=False
    ),
    "inconclusive": Screen(
        "tqb run core-fr --limit 8 --target cmd:false --retries 0 --max-errors 0.1"
    ),
    "scripts": Screen(
        "tqb run core-ar core-ja --limit 3 --target replay:answers.jsonl",
        lines=40,
        files={"answers.jsonl": answers(IN_SCRIPTS)},
    ),
    "diagnosed": Screen(
        f"tqb run {FIRST} --target replay:now.jsonl {AGAINST}",
        before=(f"tqb run {FIRST} --target replay:then.jsonl", "tqb baseline accept"),
        files={"then.jsonl": answers(RIGHT, 60), "now.jsonl": answers(RIGHT, 39)},
    ),
    "interrupted": Screen("tqb run -j 1 --target python:app:answer", files={"app.py": STOPPED}),
}


def draw(screen: Screen) -> str:
    """Run a screen's commands and draw what the last one printed, with the command above it."""
    from rich.console import CONSOLE_SVG_FORMAT, Console  # type: ignore[attr-defined]
    from rich.text import Text

    with tempfile.TemporaryDirectory() as folder:
        for name, text in screen.files.items():
            (Path(folder) / name).write_text(text, "utf-8")
        for command in screen.before:
            shown(command, folder, screen)
        printed = shown(screen.command, folder, screen)
    lines = [f"$ {screen.command}", *printed.splitlines()]
    if len(lines) > screen.lines:
        lines = [*lines[: screen.lines - 1], "…"]
    console = Console(record=True, width=screen.columns, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("\n".join(lines)), soft_wrap=True)
    form = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code", "ui-monospace")
    drawn = console.export_svg(title="tqb", code_format=form, unique_id="tqb")
    return re.sub(r'textLength="([\d.]+)"([^>]*)>([^<]*)<', wide, drawn)


def wide(found: re.Match[str]) -> str:
    """Give letters of two columns the room of two, which rich takes for one."""
    from rich.cells import cell_len

    text = html.unescape(found[3])
    length = float(found[1]) / max(1, len(text)) * cell_len(text)
    return f'textLength="{length:g}"{found[2]}>{found[3]}<'


def shown(command: str, folder: str, screen: Screen) -> str:
    """Run a command in a terminal of its own; return what it printed, colours and all."""
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TQB_", "GITHUB_"))}
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(screen.columns)}
    environment |= {"HOME": folder, "PYTHONIOENCODING": "utf-8"}
    if not screen.colour:
        environment["NO_COLOR"] = "1"
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, screen.columns, 0, 0))
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    printed = b"".join(read_all(ours))
    process.wait()
    return printed.decode("utf-8").replace("\r\n", "\n")


def read_all(descriptor: int) -> Iterator[bytes]:
    """Yield what a terminal prints until it is closed."""
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        while True:
            try:
                piece = terminal.read(65_536)
            except OSError:  # as Linux says that the other side is closed
                return
            if not piece:
                return
            yield piece


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, screen in SCREENS.items():
        (FOLDER / f"{name}.svg").write_text(draw(screen), "utf-8")
        sys.stdout.write(f"{FOLDER / name}.svg\n")
