"""Settings from ``tqb.toml`` or ``[tool.tqb]`` of ``pyproject.toml``.

Names are those of the flags. A flag beats the environment (``TQB_*``), which beats the file, which
beats the default; the command line does that ranking, this module finds, reads and checks the file.
"""

from __future__ import annotations

import difflib
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from annotated_types import Ge, Gt, Le, MinLen, Predicate

from tqb.errors import ConfigError
from tqb.files import read_text
from tqb.types import FAMILIES, Family

FILE = "tqb.toml"

Share = Annotated[float, Ge(0), Le(1)]
Count = Annotated[int, Ge(1)]
Own = Annotated[str, Predicate(lambda name: name.startswith("python:")), "python:module:function"]

SETTINGS: Mapping[str, Any] = {
    "packs": list[str],
    "target": str,
    "prompt": str,
    "output": list[str],
    "baseline": str,
    "fail-under": Share,
    "must-pass": list[str],
    "alpha": Annotated[float, Ge(0.000_001), Le(0.5)],
    "tolerate": Share,
    "max-drop": Share,
    "max-broken": Annotated[int, Ge(0)],
    "max-errors": Share,
    "max-latency-p95": Annotated[float, Ge(0), Le(1e9)],
    "max-completion-p95": Annotated[float, Ge(0), Le(1e9)],
    "fail-on": list[Literal["template", "tokenizer", "behaviour", "infrastructure", "data"]],
    "quarantine": Share,
    "confirm": Annotated[int, Ge(0), Le(100)],
    "confirm-limit": Annotated[int, Ge(0)],
    "repeats": Count,
    "max-concurrency": Count,
    "retries": Annotated[int, Ge(0), Le(100)],
    "retry-delay": Annotated[float, Ge(0), Le(60)],
    "rpm": Count,
    "tpm": Count,
    "max-cost": Annotated[float, Ge(0), Le(1e9)],
    "journal": str,
    "record": str,
    "offline": bool,
    "cache": bool,
    "batch": bool,
    "batch-id": str,
    "per-request": Count,
    "engine": Literal["asyncio", "ray"],
    "workers": Count,
    "cache-days": Annotated[float, Gt(0), Le(365)],
    "shard": Annotated[
        str, Predicate(lambda text: re.fullmatch(r"\d+/\d+", text) is not None), "K/N"
    ],
    "limit": Count,
    "item": list[str],
    "tag": list[str],
    "temperature": Annotated[float, Ge(0), Le(100)],
    "seed": int,
    "max-tokens": Count,
    "timeout": Annotated[float, Gt(0), Le(86_400)],
    "deadline": Annotated[float, Gt(0), Le(86_400)],
    "scorer": Literal["default", "exact", "fuzzy", "tqbpp"] | Own,
    "fuzzy-threshold": Annotated[float, Gt(0), Le(1)],
    "judge": str,
    "verify": bool,
    "history": bool,
    "github": bool,
    "quiet": bool,
    "verbose": bool,
}
"""Every setting with its type; the same names as the flags of `tqb run`."""

_Several = str | Annotated[list[str], MinLen(1)]
_AXES = {"target": _Several, "prompt": _Several}
_OF_A_SUITE = (
    "packs baseline fail-under must-pass alpha tolerate max-drop max-broken max-errors "
    "max-latency-p95 max-completion-p95 fail-on quarantine confirm confirm-limit repeats limit "
    "item tag temperature seed max-tokens per-request timeout scorer fuzzy-threshold judge verify"
)
SUITE: Mapping[str, Any] = {
    "name": Annotated[str, MinLen(1)],
    **_AXES,
    **{name: SETTINGS[name] for name in _OF_A_SUITE.split()},
}
"""Every setting of a table ``[[suite]]``; all others hold for the whole run."""

VARIABLES: Mapping[str, str] = {
    "TQB_CONFIG": "The settings file, as `--config`.",
    "TQB_API_KEY": "The key that a target at an address of its own (`http(s)://…`) is sent.",
    "TQB_JUDGE_API_KEY": "The same for `--judge`; a judge is never sent `TQB_API_KEY`.",
    "TQB_VERIFY_API_KEY": "The same for `--verify` of `tqb generate`, where it is another server "
    "than the writer's.",
    "TQB_DEBUG": "Set to anything, a bug in tqb shows where it happened.",
}
"""What tqb reads of the environment beside settings."""

ENVIRONMENT = {f"TQB_{name.upper().replace('-', '_')}" for name in SETTINGS} | VARIABLES.keys()

_PATHS = ("prompt", "baseline", "journal", "record")
_TARGETS = ("target", "judge")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A settings file as found."""

    path: Path
    values: Mapping[str, Any]
    """Checked; paths made relative to the current directory, keys with underscores."""
    suites: tuple[Mapping[str, Any], ...] = ()
    """The tables ``[[suite]]``, likewise; targets and prompts are lists, and also as written."""


def parse_families(words: Iterable[str]) -> tuple[Family, ...]:
    """Read families of faults, several in one word with commas.

    Raises:
        ConfigError: a name is none of them.
    """
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    for name in names:
        if name not in FAMILIES:
            near = difflib.get_close_matches(name, FAMILIES, 1, 0.5)
            meant = f"did you mean {near[0]}?" if near else f"give one of {', '.join(FAMILIES)}"
            raise ConfigError(f"--fail-on {name}: no such family of faults; {meant}")
    return tuple(family for family in FAMILIES if family in names)


def find(start: Path) -> Path | None:
    """Return the nearest ``tqb.toml``, or ``pyproject.toml`` with a table tool.tqb, from here up.

    Raises:
        ConfigError: the current folder is gone, or a pyproject.toml that may be ours is unreadable.
    """
    try:
        start = start.resolve(strict=True)
    except OSError as error:
        raise ConfigError(f"the current folder cannot be entered ({error.strerror})") from None
    for folder in (start, *start.parents):
        project = folder / "pyproject.toml"
        if _is_file(folder / FILE):
            return folder / FILE
        if _is_file(project) and _is_ours(project):
            return project
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_ours(project: Path) -> bool:
    """Whether a pyproject.toml has settings of tqb; one that is no TOML is left to its owner."""
    try:
        text = project.read_text("utf-8", "replace")
        tool = _parse(text).get("tool") if "tqb" in text else None
    except (OSError, ValueError):
        return False
    return isinstance(tool, dict) and "tqb" in tool


def _parse(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def load(path: Path) -> ConfigFile:
    """Read and check a settings file.

    Raises:
        ConfigError: with file and line, for anything that is no TOML, no setting, or no such value.
    """
    text = read_text(path, ConfigError, "settings file; `tqb init` writes one")
    table = _table(path, text)
    suites = _suites(path, text, table.pop("suite", []))
    for name, value in table.items():
        _check(f"{path}{_line(text, name)}", name, value, SETTINGS)
    values = {name.replace("-", "_"): _anchored(path, name, table[name]) for name in table}
    return ConfigFile(path, values, suites)


def _suites(path: Path, text: str, tables: Any) -> tuple[Mapping[str, Any], ...]:
    heads = [found.start() for found in re.finditer(r"^[ \t]*\[\[.*suite", text, re.MULTILINE)]
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ConfigError(f"{path}{_line(text, 'suite')}: suite is no list of tables: [[suite]]")
    suites: list[Mapping[str, Any]] = []
    for number, table in enumerate(tables):
        start = heads[number] if len(heads) == len(tables) else 0
        where = {name: f"{path}{_line(text, name, start)}" for name in table}
        for name, value in table.items():
            _check(where[name], name, value, SUITE)
        if "name" not in table:
            line = text.count("\n", 0, start) + 1
            raise ConfigError(f'{path}:{line}: this suite has no name; add name = "…"')
        if any(table["name"] == other["name"] for other in suites):
            raise ConfigError(f"{where['name']}: two suites are called {table['name']!r}")
        suites.append(_as_suite(path, table))
    return tuple(suites)


def _as_suite(path: Path, table: Mapping[str, Any]) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    for name, value in table.items():
        several = [value] if name in _AXES and isinstance(value, str) else value
        if name in _AXES:
            values[name] = [_anchored(path, name, one) for one in several]
            values[f"{name}_as_written"] = several
        else:
            values[name.replace("-", "_")] = _anchored(path, name, value)
    return values


def unknown_environment(names: Iterable[str]) -> list[str]:
    """Describe each ``TQB_*`` variable that is no setting, with the nearest that is one."""
    strange = sorted(name for name in names if name.startswith("TQB_") and name not in ENVIRONMENT)
    return [f"{name} is not a setting of tqb{_nearest(name, ENVIRONMENT)}" for name in strange]


def _table(path: Path, text: str) -> dict[str, Any]:
    try:
        table = _parse(text)
    except ValueError as error:
        where = re.search(r"\(at line (\d+)", str(error))
        line = f":{where[1] if where else len(text.splitlines())}"
        raise ConfigError(f"{path}{line}: not TOML: {error}") from None
    if path.name == "pyproject.toml":
        for name in ("tool", "tqb"):
            table = table.get(name, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{path}: {name} is not a table; write [tool.tqb]")
    return table


def _check(where: str, name: str, value: Any, known: Mapping[str, Any]) -> None:
    if name not in known:
        of = "" if known is SETTINGS else " of a suite"
        names = [*known, "suite"] if known is SETTINGS else known
        raise ConfigError(f"{where}: {name!r} is not a setting{of}{_nearest(name, names)}")
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(known[name]).validate_python(value, strict=True)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        form = next((one for one in get_args(known[name]) if isinstance(one, str)), None)
        wanted = f"wanted {form}" if form else message
        raise ConfigError(f"{where}: {name} = {value!r}: {wanted}") from None


def _line(text: str, name: str, start: int = 0) -> str:
    key = re.compile(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*[=\].]", re.MULTILINE)
    found = key.search(text, max(start, text.find("[tool.tqb")))
    return f":{text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name.replace("_", "-" if "-" in name else "_"), known, 1, 0.5)
    return f"; did you mean {near[0]}?" if near else "; see `tqb run --help`"


def _anchored(path: Path, name: str, value: Any) -> Any:
    """Make what names a file relative to the settings file's folder."""
    folder = path.parent
    if name in _PATHS:
        return str(folder / value)
    if name == "output":
        return [str(folder / one) for one in value]
    if name == "packs":
        return [str(folder / one) if _is_path(folder, one) else one for one in value]
    if name in _TARGETS and value.startswith("replay:"):
        return f"replay:{folder / value.removeprefix('replay:')}"
    if name in _TARGETS and value.startswith(("cmd:./", "cmd:../")) and folder != Path():
        program, space, rest = value.removeprefix("cmd:").partition(" ")
        return f"cmd:{shlex.quote(str(folder / program))}{space}{rest}"
    return value


def _is_path(folder: Path, pack: str) -> bool:
    return "/" in pack or bool(Path(pack).suffix) or (folder != Path() and (folder / pack).exists())
