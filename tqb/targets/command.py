"""A program: the question on its standard input, the answer on its standard output."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import cast

from tqb.errors import CallError, TargetError
from tqb.redaction import learn_command, redact, redact_command
from tqb.targets.base import MAX_REPLY_BYTES, answer_text, within
from tqb.text import excerpt, well_formed
from tqb.types import Request, Response, Unpriced

_TAIL_BYTES = 16 * 1024
"""How much of standard error is kept."""
_TEMPORARY = 75
"""Exit status of a failure that may pass: EX_TEMPFAIL of BSD's sysexits.h."""
_GRACE_S = 1.0
"""Seconds that a killed program has to be gone, and pipes have to run dry."""


class CommandTarget:
    """``cmd:program args``, run once for each question, without a shell.

    The question goes to standard input as UTF-8 with a line end after it; the answer is what
    the program prints, less one line end. Exit status 75 asks for a repetition.
    """

    recorded = False

    def __init__(self, command: str) -> None:
        """Find the program; nothing is run.

        Raises:
            TargetError: the command cannot be split, or the program is not found.
        """
        learn_command(command)
        words = _words(command)
        program = shutil.which(words[0])
        if program is None:
            raise TargetError(f'no program "{words[0]}" on the PATH: is it installed?')
        self._argv = (program, *words[1:])
        self._who = Path(words[0]).name
        self.name = f"cmd:{redact_command(command)}"

    async def complete(self, request: Request) -> Response:
        """Run the program once. Raises `CallError`."""
        start = time.perf_counter()
        question = well_formed(request.question) + "\n"
        process = await self._start()
        try:
            talk = self._talk(process, question.encode())
            status, out, err = await within(talk, request.params.timeout_s, self._who)
        except BaseException:
            await _kill(process)
            raise
        finally:
            process._transport.close()  # type: ignore[attr-defined]  # no public way closes the pipes
        latency_s = time.perf_counter() - start
        if status != 0:
            raise _failed(f"{self._who} {_ending(status)}{_last_line(err)}", status)
        return Response(self._decode(out), latency_s=latency_s)

    def price(self, request: Request) -> Unpriced:
        """Say that it is unknown: a program prints its answer and nothing else."""
        return "unknown"

    async def aclose(self) -> None:
        """Do nothing: each program ends with its call."""

    async def _start(self) -> Process:
        try:
            return await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=os.name == "posix",
            )
        except OSError as exc:
            raise CallError("target_bug", f"{self._who} cannot be started: {exc.strerror}") from exc

    async def _talk(self, process: Process, question: bytes) -> tuple[int, bytes, bytes]:
        """Exit status, standard output, and the end of standard error.

        A child that the program left behind may hold the pipes open: it is given a moment, and
        what was printed by then is taken.
        """
        out, err = bytearray(), bytearray()
        feeding = asyncio.create_task(_feed(cast(asyncio.StreamWriter, process.stdin), question))
        reading = asyncio.gather(
            self._all(cast(asyncio.StreamReader, process.stdout), out),
            _tail(cast(asyncio.StreamReader, process.stderr), err),
        )
        try:
            ended = asyncio.create_task(process.wait())
            await asyncio.wait((reading, ended), return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            status = await ended
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(reading, _GRACE_S)
        finally:
            reading.cancel()
            feeding.cancel()
            await asyncio.gather(reading, feeding, return_exceptions=True)
        _kill_group(process)
        return status, bytes(out), bytes(err)

    async def _all(self, stream: asyncio.StreamReader, out: bytearray) -> None:
        while chunk := await stream.read(65536):
            out += chunk
            if len(out) > MAX_REPLY_BYTES:
                limit = f"{MAX_REPLY_BYTES // 2**20} MiB"
                raise CallError("bad_response", f"{self._who} printed more than {limit}")

    def _decode(self, out: bytes) -> str:
        try:
            text = out.decode("utf-8")
        except UnicodeDecodeError as exc:
            message = f"{self._who} printed text that is not UTF-8 (byte {exc.start})"
            raise CallError("bad_response", message) from exc
        return answer_text(text.removesuffix("\n").removesuffix("\r"))


def _words(command: str) -> list[str]:
    posix = os.name != "nt"
    try:
        words = shlex.split(command, posix=posix)
    except ValueError as exc:
        raise TargetError(f"the command cannot be split into words: {exc}") from exc
    if not words:
        raise TargetError("the target cmd: names no program: write it as cmd:program args")
    return words if posix else [word.strip('"') for word in words]


async def _feed(stdin: asyncio.StreamWriter, question: bytes) -> None:
    """Write the question; a program need not read it."""
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(question)
        await stdin.drain()
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.close()
        await stdin.wait_closed()


async def _tail(stream: asyncio.StreamReader, tail: bytearray) -> None:
    while chunk := await stream.read(65536):
        tail += chunk
        del tail[:-_TAIL_BYTES]


async def _kill(process: Process) -> None:
    """Kill the program with all it started (on Windows, the program alone), and reap it."""
    _kill_group(process)
    with suppress(asyncio.TimeoutError):  # a child that left the group may hold the pipes open
        await asyncio.wait_for(process.wait(), _GRACE_S)


def _kill_group(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()


def _failed(said: str, status: int) -> CallError:
    if status == _TEMPORARY:
        return CallError("server", said, retryable=True)
    return CallError("target_bug", said)


def _ending(status: int) -> str:
    if status >= 0:
        return f"exited with status {status}"
    return f"was killed by signal {-status}"


def _last_line(err: bytes) -> str:
    text = err.decode("utf-8", "replace")
    if len(err) == _TAIL_BYTES:  # a word may have been cut in half, and a key with it
        text = text[re.search(r"\s|\Z", text).start() :]  # type: ignore[union-attr]
    lines = redact(text).strip().splitlines()
    return f": {excerpt(lines[-1], limit=200)}" if lines else ", and said nothing on standard error"
