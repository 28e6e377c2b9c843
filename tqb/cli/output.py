"""Standard output that may go away: the exit code still tells the verdict."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tqb.text import one_line

LONGEST_WORD = 4096
"""Characters of a word on a command line that is shown."""


def shell_word(path: Path) -> str:
    """Return a path as it stands in a command that can be copied, with `/` and quotes."""
    return one_line(shlex.quote(path.as_posix()), LONGEST_WORD)


def write_out(text: str) -> None:
    """Write to standard output; a reader who left is no error, a full disk is said on stderr."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        print(f"warning: standard output cannot be written: {error.strerror}", file=sys.stderr)
        discard_output()


def discard_output() -> None:
    """Point standard output nowhere, so that the interpreter's last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
