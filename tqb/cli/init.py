"""``tqb init``."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, cast

import typer

from tqb.baseline import DEFAULT_NAME
from tqb.cli.output import write_out
from tqb.errors import EXIT_PASS, BaselineError, ConfigError
from tqb.text import count
from tqb.types import CASSETTE, JOURNAL, Report

EXAMPLES = """Examples:

\b
  tqb init                         asks for the target, the packs, and what to write
  tqb init --target python:app:answer --pack questions.jsonl --yes
  tqb init --ci gitlab --no-hook   on top of a tqb.toml that is there
"""

WORKFLOW = Path(".github/workflows/tqb.yml")
GITLAB = Path(".gitlab-ci.yml")
HOOKS = Path(".pre-commit-config.yaml")
IGNORED = f"{JOURNAL.parent}/"
"""The line of `.gitignore` for what runs leave behind."""

Ci = Literal["github", "gitlab", "none"]


@dataclass(frozen=True)
class Setup:
    """What is to be set up in this folder."""

    settings: Path
    new: bool
    """Whether the settings are written now; else they are somebody's own."""
    target: str
    packs: tuple[str, ...]
    prompt: str | None
    baseline: Path
    cassette: Path
    compares: bool = True
    """Whether the settings name a baseline, or will do so where there is one."""


class Steps:
    """What was written, and what was said of it."""

    def __init__(self, *, force: bool) -> None:
        self.force = force
        self.written: list[Path] = []
        self.said: list[str] = []

    def keeps(self, path: Path) -> bool:
        """Whether a file is there and stays as it is; that is said."""
        if self.force or not path.exists():
            return False
        self.said.append(f"{path.as_posix()} exists: left as it is")
        return True

    def wrote(self, path: Path, more: str = "") -> None:
        """Say that a file was written."""
        self.written.append(path)
        self.said.append(f"{path.as_posix()}: written{more}")

    def add_to(self, path: Path, text: str, head: str = "") -> None:
        """Write a file that has other things in it mostly; of one that is there say what to add."""
        from tqb.files import write_whole

        if not path.exists():
            write_whole(path, head + text)
            self.wrote(path)
        elif b"tqb run" in _read(path):
            self.said.append(f"{path.as_posix()} exists and has `tqb run`: left as it is")
        else:
            self.said.append(f"{path.as_posix()} exists: left as it is; add to it:\n\n{text}")


def init(
    context: typer.Context,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            "-m",
            "--model",
            metavar="TARGET",
            show_default="demo",
            help="Pipeline under test.",
        ),
    ] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(metavar="PACK", show_default="core-en", help="Pack to be asked. Repeatable."),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option(metavar="FILE", help="Jinja2 template of the prompt.")
    ] = None,
    ci: Annotated[
        Ci | None,
        typer.Option(
            show_default="github, or gitlab where there is a .gitlab-ci.yml",
            help="Where the gate runs on every change.",
        ),
    ] = None,
    hook: Annotated[
        bool | None,
        typer.Option("--hook/--no-hook", show_default="hook", help="Write hooks for pre-commit."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask no questions.")] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Overwrite tqb.toml (what no flag says of target, packs and prompt is kept), the "
            "baseline, the cassette and the GitHub workflow.",
        ),
    ] = False,
) -> int:
    """Set up the gate in this folder: settings, baseline, recorded answers, CI and hooks.

    It asks the pipeline once; that run becomes the baseline, and its exit code is this command's.
    What exists is left as it is, and said.
    """
    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    steps = Steps(force=force)
    try:
        setup = _setup(steps, target, pack, prompt, asks=asks)
        if asks and ci is None and hook is None:
            wanted = typer.confirm("Write a CI workflow and hooks for pre-commit?", default=True)
            ci, hook = (None, True) if wanted else ("none", False)
        code = _write_all(context, setup, steps, ci, hook is not False)
    finally:  # also of what could not be finished
        write_out("".join(f"{line}\n" for line in ("", *steps.said) if steps.said))
    write_out(f"{_next(steps)}\n")
    return code


def _write_all(
    context: typer.Context, setup: Setup, steps: Steps, ci: Ci | None, hook: bool
) -> int:
    """Run once where there is no baseline, and write what is missing; return the exit code."""
    code = EXIT_PASS
    if setup.new or steps.force or not setup.baseline.exists():
        code = _first_run(context, setup, steps)
    else:
        steps.keeps(setup.baseline)
    _ignore_runs(steps)
    _write_for_ci(setup, ci or ("gitlab" if GITLAB.exists() else "github"), steps)
    if hook and _is_root(HOOKS, steps):
        from tqb.cli.scaffold import HOOKS_HEAD, hooks_text

        text = hooks_text(setup.packs, setup.cassette.as_posix())
        steps.add_to(HOOKS, text, HOOKS_HEAD)
    return code


def _setup(
    steps: Steps,
    target: str | None,
    packs: list[str] | None,
    prompt: str | None,
    *,
    asks: bool,
) -> Setup:
    """Find out what is wanted: of the settings that are here, else of flags and questions.

    Where settings are overwritten, they still say target, packs and prompt, if nobody else does.

    Raises:
        ConfigError: the settings here cannot be read, or a key would be written.
    """
    from tqb import config

    found = config.find(Path())
    here = found is not None and found.parent == Path().resolve()
    if found and here and not (steps.force and found.name == config.FILE):
        given = {"--target": target, "--pack": packs, "--prompt": prompt}
        unused = [name for name, value in given.items() if value]
        without = f", without {' and '.join(unused)}" if unused else ""
        steps.said.append(f"{found.name} exists: left as it is{without}")
        return _of_settings(Path(found.name), config.load(Path(found.name)).values)
    if found and not here:
        above = os.path.relpath(found)
        steps.said.append(f"{above} holds here no more: the nearest settings are tqb.toml now")
    before = _of_settings(Path(config.FILE), _overwritten() if found and here else {})
    if asks and not target:
        target = _ask("Which pipeline is under test?", before.target)
    known = " ".join(before.packs)
    if asks and not packs and (answer := _ask("Which packs are asked?", known)) != known:
        packs = answer.split()
    target = target or before.target
    prompt = prompt or before.prompt
    _refuse_keys(target, *(packs or ()), prompt or "")
    return Setup(
        settings=Path(config.FILE),
        new=True,
        target=target,
        packs=tuple(packs or before.packs),
        prompt=prompt,
        baseline=Path(DEFAULT_NAME),
        cassette=CASSETTE,
    )


def _overwritten() -> Mapping[str, Any]:
    """Return what the settings say that are overwritten; nothing where they cannot be read."""
    from tqb import config

    try:
        return config.load(Path(config.FILE)).values
    except ConfigError:
        return {}


def _of_settings(path: Path, values: Mapping[str, Any]) -> Setup:
    return Setup(
        settings=path,
        new=False,
        target=values.get("target", "demo"),
        packs=tuple(values.get("packs", ["core-en"])),
        prompt=values.get("prompt"),
        baseline=Path(values.get("baseline", DEFAULT_NAME)),
        cassette=Path(values.get("record", CASSETTE)),
        compares="baseline" in values,
    )


def _ask(question: str, default: str) -> str:
    answer: str = typer.prompt(question, default=default)
    return answer.strip() or default


def _refuse_keys(target: str, *others: str) -> None:
    """Refuse to write down what the environment should hold."""
    from tqb.redaction import holds_secret

    if any(map(holds_secret, (target, *others))):
        raise ConfigError(
            "the target holds a key or a password, which would be committed with tqb.toml: leave "
            "it out, and put the key into the environment, for http(s):// as TQB_API_KEY"
        )


def _first_run(context: typer.Context, setup: Setup, steps: Steps) -> int:
    """Write the settings, run once, and make the run the baseline; return its exit code.

    Raises:
        InputError: the run cannot begin; the settings are as they were before, then.
    """
    from tqb.files import write_whole

    before = _read(setup.settings) if setup.settings.exists() else None
    records = not steps.keeps(setup.cassette)
    compares = setup.baseline.exists() and not steps.force
    if setup.new:
        _write_settings(setup, compares=compares)
    try:
        code, report = _run(context, setup, record=records)
    except BaseException:
        if before is not None:
            write_whole(setup.settings, before)
        else:
            setup.settings.unlink(missing_ok=True)
        raise
    if records and setup.cassette.exists():
        steps.wrote(setup.cassette)
    if compares:
        steps.keeps(setup.baseline)
    elif _keep_baseline(report, setup, steps):
        compares = True
    if setup.new:
        _write_settings(setup, compares=compares)
        steps.wrote(setup.settings)
    return code


def _write_settings(setup: Setup, *, compares: bool) -> None:
    from tqb.cli.scaffold import settings_text
    from tqb.files import write_whole

    baseline = setup.baseline.as_posix() if compares else None
    write_whole(setup.settings, settings_text(setup.target, setup.packs, setup.prompt, baseline))


def _run(context: typer.Context, setup: Setup, *, record: bool) -> tuple[int, Report]:
    """Do `tqb run` with the settings; return its exit code and its report."""
    from tqb.report import load_report

    with TemporaryDirectory() as folder:
        made = Path(folder) / "run.json"
        arguments = ["--config", str(setup.settings), "-o", str(made)]
        if record:
            arguments += ["--record", str(setup.cassette)]
        if setup.new:  # what was asked for here beats the environment
            arguments += ["--target", setup.target]
            arguments += ["--prompt", setup.prompt] if setup.prompt else []
            arguments += ["--", *setup.packs]
        root = context.find_root()
        command = cast("typer.core.TyperGroup", root.command).get_command(root, "run")
        if command is None:
            raise LookupError("there is no command called run")
        with command.make_context("run", arguments, parent=root) as inner:
            code: int = command.invoke(inner)
        return code, load_report(made)


def _keep_baseline(report: Report, setup: Setup, steps: Steps) -> bool:
    """Make a run the baseline, if it can be one; say so, or why not and what is to be done."""
    from tqb import baseline
    from tqb.cli.baseline import keep

    name = setup.baseline.as_posix()
    try:
        accepted = baseline.accept(report)
    except BaselineError as error:
        reason = str(error).partition(":")[0]
        steps.said.append(
            f"{name}: not written, since {reason}; mend that, then do tqb run --record "
            f"{shlex.quote(setup.cassette.as_posix())} && tqb baseline accept, and write "
            f'baseline = "{name}" into {setup.settings}'
        )
        return False
    passing = keep(accepted, setup.baseline)
    steps.wrote(setup.baseline, f", {count(len(accepted.items), 'item')}, {passing} passing")
    if not setup.compares:
        steps.said.append(f'{setup.settings}: write baseline = "{name}" there, to compare with it')
    return True


def _ignore_runs(steps: Steps) -> None:
    """See that `.gitignore` names the folder of the runs."""
    from tqb.files import write_whole

    path = Path(".gitignore")
    text = _read(path) if path.exists() else b""
    known = {IGNORED, f"/{IGNORED}", IGNORED.rstrip("/"), f"/{IGNORED.rstrip('/')}"}
    if known.isdisjoint(line.strip() for line in text.decode("utf-8", "replace").splitlines()):
        gap = b"\n" if text and not text.endswith(b"\n") else b""
        write_whole(path, text + gap + IGNORED.encode() + b"\n")
        steps.wrote(path, f", with the line {IGNORED}")


def _write_for_ci(setup: Setup, ci: Ci, steps: Steps) -> None:
    from tqb.cli.scaffold import gitlab_text, workflow_text
    from tqb.files import write_whole

    baseline, cassette = setup.baseline.as_posix(), setup.cassette.as_posix()
    if ci == "gitlab" and _is_root(GITLAB, steps):
        steps.add_to(GITLAB, gitlab_text(Path(), setup.target, baseline, cassette))
    if ci == "github" and _is_root(WORKFLOW, steps) and not steps.keeps(WORKFLOW):
        write_whole(WORKFLOW, workflow_text(Path(), setup.target, baseline, cassette))
        steps.wrote(WORKFLOW)


def _is_root(path: Path, steps: Steps) -> bool:
    """Whether this is no folder deep in a repository, where nobody would read a file; say so."""
    here = Path().resolve()
    root = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    if root != here:
        steps.said.append(
            f"{path.as_posix()}: not written, since it is read only at the root of the repository, "
            f"{os.path.relpath(root)}"
        )
    return root == here


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None


def _next(steps: Steps) -> str:
    if not steps.written:
        return "Next: tqb run"
    names = " ".join(shlex.quote(path.as_posix()) for path in steps.written)
    install = "pre-commit install && " if HOOKS in steps.written else ""
    return f'Next: {install}git add {names} && git commit -m "Gate with tqb"'
