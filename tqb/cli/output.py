"""Standard output that may go away: the exit code still tells the verdict."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def standard_output() -> Iterator[IO[str]]:
    """Yield standard output; a reader who left is no error, a full disk is said on stderr."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
    except OSError as error:
        print(f"warning: standard output cannot be written: {error.strerror}", file=sys.stderr)
        _discard()


def _discard() -> None:
    """Point standard output nowhere, so that the interpreter's last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
