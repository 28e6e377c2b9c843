"""A git repository to work in as a user does, with `tqb` and `pre-commit`, or as GitHub does."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.cli.test_github import read_outputs, workflow
from tests.test_hooks import ROOT, Repository


class Workplace(Repository):
    """A repository in which `tqb` and `pre-commit` are on the path."""

    def __init__(self, folder: Path, home: Path) -> None:
        super().__init__(folder, home)
        self.home = home
        self.env["PYTHONPATH"] = str(ROOT)
        self.env["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"

    def write(self, name: str, text: str) -> None:
        """Write one of its files."""
        (self.folder / name).write_text(text, "utf-8")

    def shell(self, script: str, **env: str) -> tuple[int, str]:
        """Run a script as GitHub does; return how it ends, and what it prints."""
        before = self.env
        self.env = {**before, **env}
        try:
            return self.attempt(shutil.which("bash") or "bash", "-e", "-c", script)
        finally:
            self.env = before

    def ci(self, step: str, **env: str) -> tuple[int, str]:
        """Run a step of the workflow that `tqb init` wrote."""
        text = (self.folder / ".github" / "workflows" / "tqb.yml").read_text("utf-8")
        steps = yaml.safe_load(text)["jobs"]["tqb"]["steps"]
        script = next(one["run"] for one in steps if one.get("name") == step)
        return self.shell(script, **{**workflow(self.home), "NO_SECRETS": "false", **env})

    def told(self) -> tuple[dict[str, str], str]:
        """Return the outputs of the last step, and its summary; both are gone then."""
        outputs, summary = self.home / "output", self.home / "summary.md"
        both = (read_outputs(outputs.read_text("utf-8")), summary.read_text("utf-8"))
        outputs.unlink()
        summary.unlink()
        return both


def make_workplace(folder: Path) -> Workplace:
    """Make a workplace; the test is skipped where a machine has no git or no bash."""
    if not (shutil.which("git") and shutil.which("bash")):
        pytest.skip("git or bash is not installed")
    return Workplace(folder / "project", folder / "home")
