"""What models said, kept in files: a benchmark that was recorded once is played back by anyone.

A run appends what is new to `NAME.tape` in its folder, a line for each request. `keep` moves that
into one file for each case, beside this module; repeats say much the same again and take next to
no room there.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

from tests.openai_server import Body, Reply

KEPT = Path(__file__).with_name("tapes")
_PASSING = ("id", "created", "timings")
"""What of a reply is of its moment, and of no use afterwards."""
MOST_REPEATS = 100

Row = Mapping[str, Any]
Ask = Callable[[str, str], Reply]
"""Puts a request, JSON, to the engine at a base URL."""


class Tape:
    """What a model said; what is not on the tape is asked, and put on it."""

    def __init__(
        self,
        case: str,
        again: int,
        folder: Path,
        start: Callable[[], AbstractContextManager[str]],
        ask: Ask,
        *,
        once: bool = False,
    ) -> None:
        """Read what is kept of a case and what the folder has.

        `start` serves the model; `once`: equal requests have one answer.
        """
        self._path, self._start, self._ask, self._once = tape(folder, case, again), start, ask, once
        self._said: dict[str, list[Reply]] = defaultdict(list)
        self._played: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._url = ""
        self._open = ExitStack()
        for row in [*kept(case)[again], *_read(self._path)]:
            reply = Reply(status=row.get("status", 200), body=row["reply"])
            self._said[row["request"]].append(reply)

    def __enter__(self) -> Tape:
        """Wait with the model until it is needed."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop the model."""
        self._open.close()

    def ask(self, body: Body) -> Reply:
        """Play back what was said, or ask."""
        text = json.dumps(body, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        with self._lock:
            place = 0 if self._once else self._played[key]
            self._played[key] += 1
            if place < len(self._said[key]):
                return self._said[key][place]
            self._url = self._url or self._open.enter_context(self._start())
        reply = self._ask(self._url, text)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            self._said[key].append(reply)
            file.write(_line(_row(key, reply)))
        return reply


def tape(folder: Path, case: str, again: int) -> Path:
    """Return where a run is recorded."""
    return folder / f"{case}{f'-{again + 1}' if again else ''}.tape"


def _row(key: str, reply: Reply) -> Row:
    """Return what is kept of a reply."""
    body = reply.body
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in _PASSING}
    status = {} if reply.status == 200 else {"status": reply.status}
    return {"request": key, **status, "reply": body}


def kept(case: str) -> defaultdict[int, list[Row]]:
    """Return what is kept of a case, by repeat."""
    path, found = _kept_in(case), defaultdict(list)
    if path.exists():
        for line in lzma.decompress(path.read_bytes()).decode().splitlines():
            row = json.loads(line)
            found[row.pop("again")].append(row)
    return found


def keep(case: str, folder: Path) -> None:
    """Move what a folder has of a case to what is kept of it."""
    rows = kept(case)
    taken = [tape(folder, case, again) for again in range(MOST_REPEATS)]
    for again, path in enumerate(taken):
        rows[again].extend(_read(path))
    if any(path.exists() for path in taken):
        text = "".join(
            _line({"again": again, **row}) for again in sorted(rows) for row in rows[again]
        )
        KEPT.mkdir(exist_ok=True)
        _kept_in(case).write_bytes(lzma.compress(text.encode(), preset=9))
    for path in taken:
        path.unlink(missing_ok=True)


def _kept_in(case: str) -> Path:
    return KEPT / f"{case}.jsonl.xz"


def _read(path: Path) -> Iterator[Row]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return (json.loads(line) for line in lines)


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"
