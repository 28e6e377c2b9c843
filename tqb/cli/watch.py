"""``tqb run --watch``: each round is a run in a process of its own, which sees the files anew."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from tqb import config
from tqb.cli.options import SUITES
from tqb.cli.output import discard_output
from tqb.errors import EXIT_INTERRUPTED, ConfigError
from tqb.text import count, one_line
from tqb.types import JOURNAL, Report

if TYPE_CHECKING:
    from tqb.watch import Stamps, Watched

PAUSE_S = 0.3
"""Between two looks at the files; a change has come to its end when nothing changes for so long."""
PIPELINES = ("target", "judge", "scorer")
"""Options that may name a function, a program or a file."""
GRACE_S = 5.0
"""For a round that is to end."""


def watch_runs(context: typer.Context) -> int:
    """Run, and again whenever what the run reads has changed, until Ctrl-C.

    Raises:
        ConfigError: --watch does not go with another flag, or with a pack.
    """
    _refuse(context)
    settings = Settings(context)
    before: Report | None = None
    with _ends_like_ctrl_c(), tempfile.TemporaryDirectory(prefix="tqb-") as folder:
        kept = Path(folder) / "run.json"
        try:
            while True:
                settings.reload()
                files = settings.watched()
                seen = files.stamps()
                before = _round(settings.arguments(kept), kept, before, settings.verbose)
                _tell(f"watching {count(len(seen), 'file')}; Ctrl-C ends it\n")
                _wait(files, seen)
        except KeyboardInterrupt:
            return EXIT_INTERRUPTED
        except BrokenPipeError:  # nobody reads any more
            discard_output()
            return EXIT_INTERRUPTED


def _refuse(context: typer.Context) -> None:
    for name in ("resume", "dry_run"):
        if context.params[name]:
            flag = name.replace("_", "-")
            raise ConfigError(f"--watch and --{flag} do not go together: leave one of them out")
    several = (context.params[name] or () for name in ("target", "prompt"))
    if context.meta.get(SUITES) or any(len(values) > 1 for values in several):
        raise ConfigError("--watch goes with one target and one prompt: name one of each")
    for pack in context.params["packs"] or ():
        if pack == "-" or _is_a_stream(Path(pack)):
            raise ConfigError(f"--watch: {pack} cannot be watched: give the pack as a file")


def _is_a_stream(path: Path) -> bool:
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False


class Settings:
    """What the runs are told, and what they read from the settings file each time."""

    def __init__(self, context: typer.Context) -> None:
        """Keep what the command line and the environment say."""
        self._context = context
        given: Sequence[str] = context.find_root().obj
        self._given = _without_watch(given[given.index("run") + 1 :])
        self._file: Path | None = context.params["config"]
        self._values: dict[str, Any] = {}
        self.verbose = bool(context.params["verbose"])

    def reload(self) -> None:
        """Read the settings file anew; while it cannot be read, what it last said holds."""
        try:
            if self._source("config") == "DEFAULT":
                self._file = config.find(Path())
            self._values = dict(config.load(self._file).values) if self._file else {}
        except ConfigError:  # the run will say so
            return

    def watched(self) -> Watched:
        """Find what the next run reads."""
        from tqb.cli.keep import LAST_RUN
        from tqb.watch import watched

        files = [self._file or Path(config.FILE)]
        files += [Path(file) for name in ("prompt", "baseline") for file in self._words(name)]
        here = Path.cwd()
        return watched(
            packs=self._value("packs") or ("core-en",),
            pipelines=[spec for name in PIPELINES for spec in self._words(name)],
            files=files,
            folders=[here, *([self._file.absolute().parent] if self._file else [])],
            written=[LAST_RUN, JOURNAL, *map(Path, self._value("output") or ())],
        )

    def arguments(self, kept: Path) -> list[str]:
        """Return the arguments of the next run, which also leaves its report in `kept`."""
        outputs = [str(kept)]
        if self._source("output") != "COMMANDLINE":  # which would else be overruled
            outputs += map(str, self._value("output") or ())
        return ["run", *(word for path in outputs for word in ("-o", path)), *self._given]

    def _source(self, name: str) -> str:
        source = self._context.get_parameter_source(name)
        return source.name if source else "DEFAULT"

    def _words(self, name: str) -> list[Any]:
        value = self._value(name) or []
        return value if isinstance(value, list) else [value]

    def _value(self, name: str) -> Any:
        if self._source(name) in ("COMMANDLINE", "ENVIRONMENT"):
            return self._context.params[name]
        default = None if self._source(name) == "DEFAULT_MAP" else self._context.params[name]
        return self._values.get(name, default)


def _without_watch(arguments: Sequence[str]) -> list[str]:
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [word for word in arguments[:end] if word != "--watch"] + list(arguments[end:])


def _round(
    arguments: Sequence[str], kept: Path, before: Report | None, verbose: bool
) -> Report | None:
    """Run once; show the whole report the first time, and then what changed.

    Returns:
        The run's report, or the one before where it has none.
    """
    from tqb.formats.terminal import render_round
    from tqb.report import load_report

    kept.unlink(missing_ok=True)
    code = _run(arguments, silent=before is not None)
    if code == EXIT_INTERRUPTED:
        raise KeyboardInterrupt
    if not kept.exists():
        return before
    after = load_report(kept)
    if before:
        _tell(render_round(before, after, sys.stdout, every=verbose))
    return after


def _run(arguments: Sequence[str], *, silent: bool) -> int:
    """Run the command line in a process of its own, which ends when this one is interrupted."""
    process = subprocess.Popen(  # noqa: S603 (our own arguments again)
        [sys.executable, "-m", "tqb", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if silent else None,
    )
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the run to end, and kill it where it does not, or where there is no time to wait."""
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        return
    finally:
        process.kill()
        process.wait()


def _wait(files: Watched, seen: Stamps) -> None:
    """Return when something has changed, and then nothing more for a moment."""
    from tqb.watch import changed

    last = seen
    while True:
        start = time.monotonic()
        now = files.stamps()
        if now != seen and now == last:
            break
        last = now
        time.sleep(max(PAUSE_S, 4 * (time.monotonic() - start)))  # however many files there are
    here = Path.cwd()
    files_changed = changed(seen, now)
    more = f" and {len(files_changed) - 3} more" if len(files_changed) > 3 else ""
    names = (f.relative_to(here) if f.is_relative_to(here) else f for f in files_changed[:3])
    _tell(f"\nchanged: {', '.join(one_line(str(name)) for name in names)}{more}\n")


def _tell(text: str) -> None:
    """Print. Raises `BrokenPipeError` where nobody reads any more."""
    print(text, end="", flush=True)


@contextmanager
def _ends_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM end the watch as Ctrl-C does, and with it the run that is under way."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
