"""Finished runs sent to dashboards, by their own clients: one file for each.

Nothing is sent but what `--log-to` asks for; where it goes is told by the environment variables of
the client. A dashboard that cannot be reached changes no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from tqb.errors import ConfigError
from tqb.packs.messages import clean, listed, nearest
from tqb.text import excerpt
from tqb.types import Report


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Where runs can be sent."""

    title: str
    needs: str
    """Module without which nothing can be sent; an extra of the dashboard's name has it."""


DASHBOARDS: Mapping[str, Dashboard] = {
    "otel": Dashboard("OpenTelemetry", "opentelemetry.exporter.otlp.proto.http"),
    "mlflow": Dashboard("MLflow", "mlflow"),
    "opik": Dashboard("Opik", "opik"),
    "langfuse": Dashboard("Langfuse", "langfuse"),
}
"""By name; each has a module here with a function `send`."""


def require(names: Sequence[str]) -> None:
    """See, before anything is asked, that there are such dashboards and their clients.

    Raises:
        ConfigError: one is unknown, or its client is not installed.
    """
    for name in names:
        if name not in DASHBOARDS:
            hint = nearest(name, DASHBOARDS) or f"; choose one of {listed(DASHBOARDS)}"
            raise ConfigError(f"--log-to {clean(name)}: there is no such dashboard{hint}")
        if not _is_there(DASHBOARDS[name].needs):
            raise ConfigError(f"--log-to {name} needs its client: pip install 'tqb[{name}]'")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


def send(report: Report, name: str) -> str:
    """Send a run to a dashboard; return why that failed, empty where it did not."""
    try:
        import_module(f"tqb.dashboards.{name}").send(report)
    except Exception as error:
        said = excerpt(f"{type(error).__name__}: {error}", limit=300)
        return f"--log-to {name}: the run could not be sent ({said})"
    return ""
