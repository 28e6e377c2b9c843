"""Start-up: nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RIGHT, bare_environment, write_answers

HEAVY = {"litellm", "mlcroissant", "pandas", "openai", "jinja2", "numpy", "aiohttp", "jsonschema"}
PROBE = """
import sys
from tqb.cli import main
code = main(sys.argv[1:])
print("LOADED", code, *sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded(cwd: Path, *arguments: str) -> tuple[int, set[str]]:
    """Run a command in a fresh interpreter; return its code and the packages it imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        cwd=cwd,
        env=bare_environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    words = done.stdout.splitlines()[-1].split()
    return int(words[1]), set(words[2:])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["run", "--help"], 0),
        (["run", "--no-such-flag"], 2),
        (["run", "no-such-pack"], 2),
        (["pack", "list"], 0),
        (["power"], 0),
        (["generate", "--help"], 0),
        (["generate", "--model", "demo"], 2),
        (["export", "--list"], 0),
        (["export", "core-en", "--to", "promptfoo", "-o", "out"], 0),
        (["pack", "import", "capitals.jsonl"], 0),
        (["run", "--target", "demo"], 0),
        (["run", "capitals.jsonl", "--target", "replay:a.jsonl", "-o", "r.json"], 0),
        (["run", "--scorer", "python:operator:eq", "--judge", "demo"], 3),
    ],
)
def test_light_commands_stay_light(
    tmp_path: Path, capitals: Path, arguments: list[str], code: int
) -> None:
    """Help, usage errors, lists of packs and replayed runs import none of the heavy packages."""
    write_answers(tmp_path / "a.jsonl", **RIGHT)
    ended, modules = loaded(tmp_path, *arguments)
    assert ended == code
    assert "tqb" in modules
    assert not modules & HEAVY


def test_heavy_packages_are_found_when_they_are_needed(tmp_path: Path) -> None:
    """The probe can see a heavy import: validating a pack loads mlcroissant."""
    assert {"mlcroissant", "pandas", "jsonschema"} <= loaded(
        tmp_path, "pack", "validate", "core-en"
    )[1]


def test_importing_tqb_is_light(tmp_path: Path) -> None:
    """`import tqb` loads nothing but itself."""
    code = "import sys, tqb; print(*[name for name in sys.modules if name.startswith('tqb')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=bare_environment(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert sorted(done.stdout.split()) == ["tqb", "tqb.version"]
