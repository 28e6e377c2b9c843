"""What all tests share: the real command line, in a process and a folder of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

from tests.warm import CAN_FORK, Warm

settings.register_profile("no-deadline", settings.default, deadline=None)
settings.load_profile("no-deadline")  # how fast a machine is says nothing about what is true


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs the tests marked `clients`, and no others."""
    parser.addoption("--clients", action="store_true", help="only try the exports' real clients")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what installs real clients, or all else."""
    wanted = bool(config.getoption("--clients"))
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item in items:
        kept[bool(item.get_closest_marker("clients")) is wanted].append(item)
    items[:] = kept[True]
    if kept[False]:
        config.hook.pytest_deselected(items=kept[False])


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]

Write = Callable[[str, str], None]

FOREIGN = ("TQB_", "OPENAI_", "GITHUB_", "CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS")


def bare_environment(**extra: str) -> dict[str, str]:
    """Return the machine's environment without settings of tqb, keys and proxies."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(FOREIGN)
        and not name.lower().endswith(("_proxy", "_api_key", "_base_url", "_api_base"))
    }
    return {**kept, "PYTHONIOENCODING": "utf-8", **extra}


def start(folder: Path, *words: object, **extra: str) -> subprocess.Popen[str]:
    """Start ``tqb WORDS`` in a folder; it hears Ctrl-C, even where the tests do not."""
    return subprocess.Popen(
        [sys.executable, "-m", "tqb", *map(str, words)],
        cwd=folder,
        env=bare_environment(**extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """A process with LiteLLM imported, whose copies are the command line of tests marked so."""
    waiting = Warm(bare_environment(OPENAI_API_KEY="none"))
    yield waiting
    waiting.close()


@pytest.fixture
def cli(tmp_path: Path, request: pytest.FixtureRequest) -> Cli:
    """Run ``tqb ARGUMENTS`` in a fresh folder and return how it ended."""
    marked = CAN_FORK and request.node.get_closest_marker("litellm")
    warm: Warm | None = request.getfixturevalue("warm") if marked else None

    def run(*arguments: object, env: dict[str, str] | None = None, cwd: Path = tmp_path) -> Ended:
        given = bare_environment(**(env or {}))
        if warm:
            return Ended(*warm.run([*map(str, arguments)], cwd, given))
        done = subprocess.run(
            [sys.executable, "-m", "tqb", *map(str, arguments)],
            cwd=cwd,
            env=given,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write modules into a current directory of their own, forgotten after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def write(name: str, source: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    yield write
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


def write_items(path: Path, *items: dict[str, Any]) -> Path:
    """Write a bare pack; items need `text` and `label`, an id is made from their number."""
    rows = [{"id": f"q{number}", "lang": "en", **item} for number, item in enumerate(items, 1)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


CAPITALS = (
    {"text": "Capital of France?", "label": "Paris"},
    {"text": "Capital of Italy?", "label": "Rome"},
    {"text": "Capital of Spain?", "label": "Madrid"},
    {"text": "Capital of Egypt?", "label": "Cairo"},
)


@pytest.fixture
def capitals(tmp_path: Path) -> Path:
    """A bare pack of four items: q1 to q4."""
    return write_items(tmp_path / "capitals.jsonl", *CAPITALS)


def write_answers(path: Path, **answers: str) -> str:
    """Write answers by item id; return the target that replays them."""
    rows = [{"id": item, "answer": answer} for item, answer in answers.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return f"replay:{path.name}"


RIGHT = {"q1": "Paris", "q2": "Rome", "q3": "Madrid", "q4": "Cairo"}


def docs_script(name: str) -> ModuleType:
    """Import a script of `docs/`, which is no package."""
    path = Path(__file__).parent.parent / "docs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
