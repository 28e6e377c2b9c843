"""The pages of `docs/` tell the truth: their files and their commands, word for word."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Cli
from tests.test_hooks import ROOT
from tests.workplace import make_workplace

PAGE = (ROOT / "docs" / "how-to" / "gate-a-pull-request.md").read_text("utf-8")


def files(page: str) -> dict[str, str]:
    """The files that the page shows: a paragraph that begins with a name, and a block."""
    shown = re.findall(r"^`([\w.]+)`[^`]*\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return dict(shown)


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of the page, and the lines that are shown of what it prints."""
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield command, [line for line in shown if line != "…"]


def test_five_minutes(tmp_path: Path) -> None:
    """Followed in a fresh folder, each command prints what is shown, and fails where that does."""
    workplace, written = make_workplace(tmp_path), files(PAGE)
    assert written.keys() == {"app.py", "prompt.txt", "questions.jsonl"}
    for name, text in written.items():
        workplace.write(name, text)
    followed = 0
    for command, shown in commands(PAGE):
        code, said = workplace.shell(command)
        printed = iter(line.rstrip() for line in said.splitlines())
        assert all(line in printed for line in shown), f"$ {command}\n{said}"
        stopped = any(re.search("FAIL|Failed|INCONCLUSIVE", line) for line in shown)
        assert (code != 0) == stopped, f"$ {command}\n{said}"
        followed += 1
    assert followed == 16
    assert workplace.run("git", "log", "--format=%s") == "A clearer prompt\nGate with tqb\nAn app\n"


def test_the_picture_of_a_diagnosis(cli: Cli) -> None:
    """Its commands print what `docs/explanation/diagnosis.md` shows, and the last ends in 1."""
    page = (ROOT / "docs" / "explanation" / "diagnosis.md").read_text("utf-8")
    ended = [(cli(*shlex.split(line)[1:]), shown) for line, shown in commands(page)]
    assert [one.code for one, _ in ended] == [0, 0, 1]
    last, shown = ended[-1]
    assert last.out.splitlines()[: len(shown)] == shown


def test_links_lead_somewhere() -> None:
    """Each link of the page to a file of this project names one, and the README leads here."""
    folder = ROOT / "docs" / "how-to"
    for link in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (folder / link).exists(), link
    assert "(docs/how-to/gate-a-pull-request.md)" in (ROOT / "README.md").read_text("utf-8")
