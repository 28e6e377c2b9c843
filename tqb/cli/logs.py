"""What libraries and the user's own code log, warn of or raise in threads, without secrets."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from typing import Any

from tqb.functions import traceback_of
from tqb.redaction import redact


def redact_logs() -> None:
    """Take secrets out of log records, warnings and threads' tracebacks from now on."""
    logging.setLogRecordFactory(_redacted(logging.getLogRecordFactory()))
    plain = warnings.formatwarning
    warnings.formatwarning = lambda *args, **kwargs: redact(plain(*args, **kwargs))
    threading.excepthook = _print_traceback


def _redacted(make: Any) -> Any:
    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made: logging.LogRecord = make(*args, **kwargs)
        try:
            said = made.getMessage()
        except Exception:  # arguments that do not fit the format: the format alone is shown
            said = str(made.msg)
        made.msg, made.args = redact(said), None
        if made.exc_info and made.exc_info[1]:
            made.exc_text, made.exc_info = traceback_of(made.exc_info[1]), None
        return made

    return record


def _print_traceback(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and args.exc_type is not SystemExit:
        name = args.thread.name if args.thread else "?"
        print(f"exception in thread {name}:\n{traceback_of(args.exc_value)}", file=sys.stderr)
