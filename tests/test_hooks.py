"""The hooks of `.pre-commit-hooks.yaml`, as the real pre-commit installs and runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import RIGHT, Cli, bare_environment, write_answers
from tests.packs.make import item, pack

ROOT = Path(__file__).parent.parent
PROJECT = (
    *("tqb", "packs", "generators", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"),
    ".pre-commit-hooks.yaml",
)
"""What the hooks are built from."""


class Repository:
    """A git repository with an environment in which pip asks no index.

    pre-commit makes a virtual environment, and pip installs the project there from a clone. What
    the project depends on is not downloaded for it but found in the environment of the tests.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        home.mkdir(exist_ok=True)
        shared = sysconfig.get_path("purelib")
        (home / "sitecustomize.py").write_text(f"import sys\nsys.path.append({shared!r})\n")
        self.folder = folder
        self.env = {
            **{k: v for k, v in bare_environment().items() if not k.startswith(("GIT", "PIP"))},
            "PYTHONPATH": str(home),
            "PRE_COMMIT_HOME": str(home / "pre-commit"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "Somebody" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "somebody@localhost" for who in ("AUTHOR", "COMMITTER")},
        }
        folder.mkdir(exist_ok=True)
        self.run("git", "init", "-q", "-b", "main")

    def run(self, *command: str) -> str:
        """Run a command that has to succeed; return what it prints."""
        code, printed = self.attempt(*command)
        assert code == 0, printed
        return printed

    def attempt(self, *command: str) -> tuple[int, str]:
        """Run a command; return how it ends, and what it prints."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def commit(self) -> tuple[int, str]:
        """Commit everything, through the hooks."""
        self.run("git", "add", "-A")
        return self.attempt("git", "commit", "-q", "-m", "A change")


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    """This project as a repository of its own, tagged v0.1."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    clone = Repository(tmp_path / "hooks", tmp_path / "home")
    for name in PROJECT:
        source, copy = ROOT / name, clone.folder / name
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy)
    assert clone.commit() == (0, "")
    clone.run("git", "tag", "v0.1")
    return clone.folder


def test_hooks_stop_what_is_broken(hooks: Path, tmp_path: Path, cli: Cli, capitals: Path) -> None:
    """A broken pack and a changed prompt cannot be committed, broken answers cannot be pushed."""
    project = Repository(tmp_path / "project", tmp_path / "home")
    folder = pack(project.folder / "planets", [item(1), item(2)])
    shutil.move(capitals, project.folder)
    write_answers(project.folder / "a.jsonl", **RIGHT)
    (project.folder / "README.md").write_text("# A project, which is no pack\n", "utf-8")
    prompt = project.folder / "prompt.txt"
    prompt.write_text("{{ input }}", "utf-8")
    (project.folder / "tqb.toml").write_text(
        'packs = ["./capitals.jsonl"]\ntarget = "replay:a.jsonl"\nprompt = "prompt.txt"\n'
        "fail-under = 1.0\n",
        "utf-8",
    )
    assert cli("run", "--record", "tqb-cassette", cwd=project.folder).code == 0
    ids = ("tqb-pack-validate", "tqb-smoke", "tqb-smoke-live")
    configured = {"repo": str(hooks), "rev": "v0.1", "hooks": [{"id": one} for one in ids]}
    (project.folder / ".pre-commit-config.yaml").write_text(
        json.dumps({"repos": [configured]}), "utf-8"
    )
    project.run(sys.executable, "-m", "pre_commit", "install", "-t", "pre-commit", "-t", "pre-push")

    code, said = project.commit()
    assert code == 0, said
    assert said.count("Passed") == 2

    items = folder / "items.jsonl"
    sealed = items.read_text("utf-8")
    items.write_text(sealed.replace('"label"', '"lable"', 1), "utf-8")
    code, said = project.commit()
    assert code == 1
    assert "planets/items.jsonl: its sha256 is not the one in croissant.json" in said.replace(
        "\\", "/"
    )
    items.write_text(sealed, "utf-8")

    prompt.write_text("Question: {{ input }}", "utf-8")
    code, said = project.commit()
    assert code == 1
    assert "INCONCLUSIVE  capitals" in said
    assert "not_recorded" in said
    prompt.write_text("{{ input }}", "utf-8")

    remote = Repository(tmp_path / "remote", tmp_path / "home")
    project.run("git", "remote", "add", "origin", str(remote.folder / ".git"))
    (project.folder / "README.md").write_text("# A project, as before\n", "utf-8")
    assert project.commit()[0] == 0
    project.run("git", "push", "-q", "origin", "main:kept")
    write_answers(project.folder / "a.jsonl", **{**RIGHT, "q2": "Milan"})
    assert project.commit()[0] == 0
    code, said = project.attempt("git", "push", "origin", "main:kept")
    assert code == 1
    assert "FAIL  capitals" in said
