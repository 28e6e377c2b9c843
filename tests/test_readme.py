"""The README tells the truth: its commands, its picture, its exit codes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.conftest import Cli
from tqb import errors

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(kind: str) -> list[str]:
    """Return the fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_it_opens_with_two_commands() -> None:
    """The first two code blocks are one command line each: run, and test."""
    run, test = blocks("sh")
    assert run.count("\n") == test.count("\n") == 1
    assert README.index(run) < README.index(test) < README.index("```console")
    assert run.endswith(" run core-en --target demo\n")
    assert test.endswith(" -m tests\n")


def test_ci_runs_them_word_for_word() -> None:
    """`.ci/run` has the second command, the workflow has both."""
    run, test = (block.strip() for block in blocks("sh"))
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == test
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert f"run: {run}\n" in workflow
    assert f"run: {test}\n" in workflow


def test_picture_of_a_failing_run(cli: Cli) -> None:
    """The three commands of the picture print what the picture shows, and the last ends in 1."""
    picture = blocks("console")[0].splitlines()
    commands = [shlex.split(line)[2:] for line in picture if line.startswith("$ ")]
    shown = [line for line in picture if not line.startswith("$ ")]
    ended = [cli(*command) for command in commands]
    assert [one.code for one in ended] == [0, 0, 1]
    assert ended[-1].out.splitlines()[: len(shown)] == shown


def test_exit_codes() -> None:
    """The table has the codes that the code has, and its words."""
    table = {int(code): said for code, said in re.findall(r"^\| (\d+) \| (.*) \|$", README, re.M)}
    assert table == errors.MEANINGS
    assert table.keys() == {code for name, code in vars(errors).items() if name.startswith("EXIT_")}
