"""The check for start-up code finds what it is there to find."""

from __future__ import annotations

from pathlib import Path

from tests.no_startup_code import suspicious


def test_a_pth_file_that_runs_code_is_found(tmp_path: Path) -> None:
    """A path file is harmless, one that imports is not, unless it is known."""
    (tmp_path / "paths.pth").write_text("/some/where\n", "utf-8")
    (tmp_path / "distutils-precedence.pth").write_text("import os; ...\n", "utf-8")
    assert suspicious(tmp_path) == []
    (tmp_path / "deep").mkdir()
    evil = tmp_path / "deep" / "litellm_init.pth"
    evil.write_text("/some/where\nimport base64; exec(...)\n", "utf-8")
    assert suspicious(tmp_path) == [evil]
