"""The pytest plugin: ``pytest --tqb core-en --tqb-target T`` makes a test of each item of a pack.

pytest loads this module at every start, in projects that never use it too: it imports pytest and
nothing else, and what does the work is imported when packs are named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tqb.types import Report

PREFIX = "tqb::"
"""What the ids of all tests begin with that are made of packs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the same as lines of the ini file."""
    group = parser.getgroup("tqb", "questions to an LLM pipeline")
    group.addoption(
        "--tqb",
        action="append",
        default=[],
        metavar="PACK",
        help="Make a test of each item of this pack. Repeatable; -m tqb runs nothing else.",
    )
    options = {
        "target": ("TARGET", "Pipeline under test, as for `tqb run --target`."),
        "baseline": ("FILE", "Accepted baseline: a last test, tqb::gate, gives the verdict."),
        "config": ("FILE", "Settings file; by default the nearest tqb.toml."),
    }
    for name, (metavar, meaning) in options.items():
        group.addoption(f"--tqb-{name}", metavar=metavar, help=meaning)
        parser.addini(f"tqb_{name}", f"Default of --tqb-{name}.", default="")
    parser.addini(
        "tqb_packs", "Packs as for --tqb, where no path is named.", type="args", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; where packs are named, load them and get ready to ask."""
    config.addinivalue_line(
        "markers", "tqb(pack, language, category, ...): a test made of an item of a pack."
    )
    named = [one for one in config.args if one.startswith(PREFIX)]
    from_ini = config.args_source is not pytest.Config.ArgsSource.ARGS
    packs = config.getoption("tqb") or (config.getini("tqb_packs") if from_ini else [])
    if packs or named:
        from tqb.pytest_plugin.collection import start

        config.args[:] = [one for one in config.args if one not in named]
        start(config, packs or [one.split("::")[1] for one in named], named)


@pytest.fixture
def tqb_run(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """`tqb.run` with the settings of this project: a failing test shows what the run reported.

    Each keyword of `tqb.run` may be given; what is not given is taken from the options of pytest,
    from ``TQB_*`` and from tqb.toml, in this order.
    """

    def run(packs: str | Path | Sequence[str | Path] | None = None, **given: Any) -> Report:
        import tqb
        from tqb.formats.terminal import render_report
        from tqb.pytest_plugin.settings import run_settings

        settings = run_settings(request.config)
        if packs is not None:
            settings["packs"] = packs
        report = tqb.run(**{**settings, **given})
        request.node.add_report_section("call", "tqb", render_report(report, None))
        return report

    return run
