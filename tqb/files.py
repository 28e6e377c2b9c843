"""Files read into one sentence of trouble at most, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tqb.errors import ConfigError, InputError


def read_text(path: Path, error: type[InputError], what: str) -> str:
    """Read a UTF-8 file, with or without a byte order mark; `what` names it in messages.

    Raises:
        InputError: of the class `error`, when it is missing, unreadable or in another encoding.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{path}: there is no such {what}") from None
    except UnicodeDecodeError as wrong:
        raise error(f"{path}: not UTF-8 at byte {wrong.start}; save it as UTF-8") from None
    except (OSError, ValueError) as wrong:
        reason = getattr(wrong, "strerror", None) or wrong
        raise error(f"{path}: cannot be read ({reason})") from None


def portable_path(path: Path) -> str:
    """Say where a file lies, with ``/``: the same on every machine that has the project.

    Seen from the folder in which tqb is installed, for what comes with it; else from the root of
    the project, the nearest folder from here up that has a ``.git``, or this one; else absolute.
    """
    here, file = Path.cwd(), path.resolve()
    root = next((one for one in (here, *here.parents) if (one / ".git").exists()), here)
    for folder in (Path(__file__).resolve().parents[1], root.resolve()):
        if file.is_relative_to(folder):
            return file.relative_to(folder).as_posix()
    return file.as_posix()


def write_whole(path: Path, content: str | bytes | Iterable[str]) -> None:
    """Write bytes, or text as UTF-8, beside `path`, and rename it into place; make its folders.

    A text may come in pieces, of which there is never more than one in memory.

    Something that is no regular file, such as ``/dev/stdout``, is written to directly.

    Raises:
        ConfigError: the file cannot be written.
    """
    pieces = (content,) if isinstance(content, (str, bytes)) else content
    try:
        if path.exists() and not path.is_file():
            _write(path, pieces)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            _write(part, pieces)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def _write(path: Path, pieces: Iterable[str | bytes]) -> None:
    with path.open("wb") as file:
        for piece in pieces:
            if isinstance(piece, str):
                file.write(piece.encode("utf-8", "backslashreplace"))
            else:
                file.write(piece)
