"""Which exporters there are: our own, and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from tqb.errors import ConfigError
from tqb.exports.interface import Exporter
from tqb.packs.messages import clean, listed, nearest, quoted
from tqb.text import excerpt

GROUP = "tqb.exports"
"""Entry points of third parties: each names an `Exporter`."""

BUILT_IN: Mapping[str, str] = {
    "openai-evals": "openai_evals",
    "inspect": "inspect_ai",
    "promptfoo": "promptfoo",
    "deepeval": "deepeval",
    "lm-eval": "lm_eval",
    "langsmith": "langsmith",
    "langchain": "langchain",
    "opik": "opik",
    "hf-datasets": "hf_datasets",
    "ragas": "ragas",
    "mlflow": "mlflow",
    "pytest": "pytest",
}
"""Module of each exporter that comes with tqb; each has an `EXPORTER`."""


def known_exporters() -> tuple[str, ...]:
    """Return the names of all exporters, those of third parties last."""
    return (*BUILT_IN, *sorted(_third_parties()))


def find_exporter(name: str) -> Exporter:
    """Return the exporter of this name; one of ours goes before one of a third party.

    Raises:
        ConfigError: there is none, or that of a third party cannot be loaded.
    """
    if name in BUILT_IN:
        module = import_module(f"tqb.exports.{BUILT_IN[name]}")
        ours: Exporter = module.EXPORTER
        return ours
    others = _third_parties()
    if name in others:
        return _load(others[name])
    known = known_exporters()
    hint = nearest(name, known) or f"; choose one of {listed(known, len(known))}"
    raise ConfigError(f"--to {clean(name)}: there is no such format{hint}")


def _third_parties() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in BUILT_IN}


def _load(point: EntryPoint) -> Exporter:
    try:
        found = point.load()
    except Exception as error:
        said = excerpt(f"{type(error).__name__}: {error}")
        raise ConfigError(
            f"the exporter {quoted(point.name)} of {clean(point.value)} cannot be loaded: {said}; "
            "mend or uninstall its package"
        ) from None
    if not isinstance(found, Exporter):
        raise ConfigError(
            f"the exporter {quoted(point.name)} of {clean(point.value)} is a "
            f"{type(found).__name__}; it must be a tqb.exports.Exporter"
        )
    return found
