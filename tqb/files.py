"""Files written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from tqb.errors import ConfigError


def write_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8 beside `path`, then rename it into place; make missing folders.

    Something that is no regular file, such as ``/dev/stdout``, is written to directly.

    Raises:
        ConfigError: the file cannot be written.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        target = path.resolve()
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None
