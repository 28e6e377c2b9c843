"""What runs on a machine of the cluster: one target, and the requests that it is sent."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tqb.errors import InputError
from tqb.runner.attempt import attempt
from tqb.targets import open_target
from tqb.types import Request, Response, Target
from tqb.version import __version__

_OF_A_MACHINE = re.compile(
    r"PATH|HOME|PWD|OLDPWD|SHLVL|SHELL|USER|LOGNAME|HOSTNAME|LANG|DISPLAY|TEMP|VIRTUAL_ENV|_|"
    r"(?:LC|LD|DYLD|RAY|CUDA|SSH|XDG|CONDA|PYTHON|TERM|TMP)(?:_?[A-Z].*)?"
)
"""Variables that describe a machine, and are left as they are on another."""

Logged = tuple[str, int, str]
"""Name of the logger, level and text of what a target had to say."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a request on a worker."""

    response: Response | None
    error: Mapping[str, Any] | None
    """Without a response: what the `CallError` was made of."""
    logged: tuple[Logged, ...]


class Worker:
    """Answers requests by a target of its own; Ray makes an actor of it."""

    _target: Target
    """Once it is open."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._log = _Kept()
        logging.getLogger("tqb").addHandler(self._log)

    async def open(self, spec: str, environ: Mapping[str, str], at_once: int) -> tuple[str, str]:
        """Open the target with the variables of who asks.

        Returns:
            The version of tqb here, and why the target cannot be opened, if it cannot.
        """
        os.environ.update(environ)
        try:
            self._target = open_target(spec, max_concurrency=at_once)
        except InputError as error:
            return __version__, str(error)
        return __version__, ""

    async def answer(self, request: Request) -> Answered:
        """Put one request to the target, once."""
        outcome = await attempt(self._target, request)
        logged = self._log.take()
        if isinstance(outcome, Response):
            return Answered(outcome, None, logged)
        return Answered(None, {"message": str(outcome), **vars(outcome)}, logged)


def own_variables() -> dict[str, str]:
    """Return this process's variables, but for those that describe its machine."""
    return {name: text for name, text in os.environ.items() if not _OF_A_MACHINE.fullmatch(name)}


class _Kept(logging.Handler):
    """Keeps what is logged until it is sent to who asked."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._logged: list[Logged] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.append((record.name, record.levelno, record.getMessage()))

    def take(self) -> tuple[Logged, ...]:
        logged, self._logged = tuple(self._logged), []
        return logged
