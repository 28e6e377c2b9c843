"""The connection to a Ray cluster, and its end."""

from __future__ import annotations

import logging
import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqb.errors import ConfigError, TargetError
from tqb.text import one_line
from tqb.types import RunOptions, Target

if TYPE_CHECKING:
    from tqb.cluster.spread import Spread

_UPLOADED = ("python", "cmd")
"""Schemes of targets that are looked for in the current folder."""
_NOT_UPLOADED = [".git", ".tqb", ".venv", "**/__pycache__"]


@contextmanager
def on_cluster(target: Target, options: RunOptions) -> Iterator[Target]:
    """Let the workers of a Ray cluster be asked in the place of `target`, and end them afterwards.

    Recorded answers are read here. The cluster is that of ``RAY_ADDRESS``, or the one on this
    machine; a program that is connected stays so.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster.
        TargetError: the workers cannot open the target.
    """
    if options.engine != "ray" or target.recorded:
        yield target
        return
    ray = _import_ray()
    with _connection(ray, options.target):
        spread = _spread(ray, target, options)
        try:
            spread.wait()
            yield spread
        finally:
            spread.stop()


@contextmanager
def _connection(ray: Any, spec: str) -> Iterator[None]:
    """Stay connected for a while; what Ray prints of its machines' troubles goes nowhere."""
    if ray.is_initialized():
        yield
        return
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        _connect(ray, spec)
        try:
            yield
        finally:
            ray.shutdown()


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise ConfigError("--engine ray: Ray is not installed: pip install 'tqb[ray]'") from None
    return ray


def _connect(ray: Any, spec: str) -> None:
    """Connect to the cluster; a target of the current folder goes there with the folder."""
    address = os.environ.get("RAY_ADDRESS") or "auto"
    none = ConfigError(
        f"--engine ray: there is no Ray cluster{'' if address == 'auto' else f' at {address}'}: "
        "start one by `ray start --head`, or set RAY_ADDRESS"
    )
    if not _listens(address):
        raise none
    uploaded = spec.partition(":")[0] in _UPLOADED
    environment = {"working_dir": ".", "excludes": _NOT_UPLOADED} if uploaded else None
    try:
        ray.init(
            address=address,
            runtime_env=environment,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except ConnectionError:
        raise none from None
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"--engine ray: {one_line(str(error))}") from None


def _listens(address: str) -> bool:
    """Whether anybody does at ``HOST:PORT``, which Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return True
    try:
        socket.create_connection((host, int(port)), 5).close()
    except (OSError, OverflowError):
        return False
    return True


def _spread(ray: Any, target: Target, options: RunOptions) -> Spread:
    """Start as many workers as were asked for, or as the cluster has CPUs free."""
    from tqb.cluster.spread import Spread

    most = options.limits.max_concurrency
    free = int(ray.available_resources().get("CPU", 0))
    workers = min(options.workers or free, most)
    if workers < 1:
        raise TargetError("--engine ray: no CPU of the cluster is free: stop other jobs there")
    return Spread(target, options.target, workers, math.ceil(most / workers))
