"""The command line: each command parses, calls, renders and returns its exit code."""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import traceback
from typing import Annotated

import typer

from tqb.cli import (
    baseline,
    comment,
    compare,
    doctor,
    explain,
    export,
    export_results,
    generate,
    history,
    init,
    merge,
    pack,
    pack_import,
    power,
    report,
    run,
    selftest,
)
from tqb.cli.output import discard_output, write_out
from tqb.errors import EXIT_BUG, EXIT_INPUT, EXIT_INTERRUPTED, EXIT_PASS, TqbError
from tqb.redaction import redact, redact_command
from tqb.text import one_line
from tqb.version import __version__

GARBAGE = 50_000
"""New objects after which the collector looks for garbage: imports and a short run leave none."""

app = typer.Typer(
    name="tqb",
    help="Unit tests for LLM pipelines: a tiny pack of questions goes through the pipeline under "
    "test, and the exit code says whether it still works.",
    epilog="Exit codes: 0 pass · 1 gate failed · 2 usage or input · 3 inconclusive · "
    "4 budget exceeded · 5 nothing scored · 70 bug · 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("merge", epilog=merge.EXAMPLES)(merge.merge)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("comment", epilog=comment.EXAMPLES)(comment.comment)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.command("selftest", epilog=selftest.EXAMPLES)(selftest.selftest)
app.command("power", epilog=power.EXAMPLES)(power.power)
app.add_typer(baseline.app, name="baseline")
app.add_typer(history.app, name="history")
pack.app.command("import", epilog=pack_import.EXAMPLES)(pack_import.import_)
app.add_typer(pack.app, name="pack")
app.command("generate", epilog=generate.EXAMPLES)(generate.generate)
app.command("export", epilog=export.EXAMPLES)(export.export)
app.command("export-results", epilog=export_results.EXAMPLES)(export_results.export_results)
app.command("init", epilog=init.EXAMPLES)(init.init)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tqb {__version__}")
        raise typer.Exit(EXIT_PASS)


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_show_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; nothing but a bug shows a traceback."""
    _speak_utf8()
    gc.set_threshold(GARBAGE)
    atexit.register(gc.freeze)  # at the end all is given back anyway: it need not be searched
    code: object = EXIT_PASS
    try:
        command = typer.main.get_command(app)
        given = sys.argv[1:] if arguments is None else arguments
        code = command.main(given, prog_name="tqb", standalone_mode=False, obj=tuple(given))
        write_out("")
    except TqbError as error:
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        discard_output()
    except Exception as error:
        return _usage_error(error) if hasattr(error, "format_message") else _bug(error)
    return code if isinstance(code, int) else EXIT_PASS


def _speak_utf8() -> None:
    """Print any answer on any terminal; what it cannot show is escaped, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _say(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # the exit code speaks where stderr cannot
        for line in message.splitlines():
            print(f"error: {one_line(line, 1000)}", file=sys.stderr, flush=True)
    return code


def _usage_error(error: Exception) -> int:
    """Show an error of the argument parser, which renders itself."""
    said = io.StringIO()
    error.show(said)  # type: ignore[attr-defined]
    with contextlib.suppress(OSError):
        print(redact_command(said.getvalue()), end="", file=sys.stderr)
    return EXIT_INPUT


def _bug(error: Exception) -> int:
    said = redact(f"{type(error).__name__}: {error}")
    print(f"error: a bug in tqb {__version__}: {said}", file=sys.stderr)
    if os.environ.get("TQB_DEBUG"):
        print(redact("".join(traceback.format_exception(error))), end="", file=sys.stderr)
    else:
        print("Set TQB_DEBUG=1 to see where, and report it with what you ran.", file=sys.stderr)
    return EXIT_BUG
