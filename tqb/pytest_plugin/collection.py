"""What takes part in a session of pytest in which packs are named."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tqb.errors import TqbError
from tqb.pytest_plugin import PREFIX
from tqb.pytest_plugin.questions import Gate, Questions, is_within
from tqb.pytest_plugin.settings import run_settings
from tqb.pytest_plugin.shared import SharedRun
from tqb.types import Item, Pack, RunOptions

FOLDER = "tqb_folder"
"""Where a worker of pytest-xdist is told of the folder that all of them share."""


def start(config: pytest.Config, packs: Sequence[str], ids: Sequence[str]) -> None:
    """Load the packs, and take part in the session.

    Args:
        config: of the session.
        packs: names and paths, as for ``--tqb``.
        ids: of the tests that are wanted; empty for all.

    Raises:
        pytest.UsageError: a pack or a setting cannot be used, or a test is wanted that is not.
    """
    folder = getattr(config, "workerinput", {}).get(FOLDER)
    try:
        settings = run_settings(config, packs)
        loaded = _load(settings)
    except TqbError as error:
        raise pytest.UsageError(str(error)) from None
    run = SharedRun(settings, Path(folder) if folder else None)
    collection = Collection(run, loaded, ids)
    for wanted in ids:
        if not any(is_within(one, wanted) for one in collection.node_ids()):
            raise pytest.UsageError(f"no test is called {wanted}; `--collect-only` lists them")
    config.pluginmanager.register(collection, "tqb-collection")


def _load(settings: dict[str, Any]) -> list[tuple[Pack, tuple[Item, ...]]]:
    from tqb.pipeline import load_packs, select

    names = ("limit", "items", "tags", "verify")
    options = RunOptions(packs=settings["packs"], **{name: settings[name] for name in names})
    return [(pack, tuple(select(pack, options))) for pack in load_packs(options)]


class Collection:
    """Adds packs and the gate to what pytest collects."""

    def __init__(
        self,
        run: SharedRun,
        packs: Sequence[tuple[Pack, Sequence[Item]]],
        ids: Sequence[str],
    ) -> None:
        """Keep the packs, each with those of its items that the settings select."""
        self._run, self._packs, self._ids = run, packs, ids
        self._folder: str | None = None

    def node_ids(self) -> list[str]:
        """Return the ids of all tests that there are."""
        tests = [f"{PREFIX}{pack.name}::{item.id}" for pack, items in self._packs for item in items]
        return [*tests, f"{PREFIX}gate"] if self._run.has_gate else tests

    def pytest_report_header(self) -> str:
        """Say what will be asked."""
        names = ", ".join(pack.name for pack, _ in self._packs)
        return f"tqb: {names}, target {self._run.settings['target']}"

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put the packs behind what else the session holds, and the gate last."""
        made = yield
        if isinstance(collector, pytest.Session) and made.passed:
            made.result = [*(made.result or ()), *self._nodes(collector)]
        return made

    def _nodes(self, session: pytest.Session) -> list[pytest.Item | pytest.Collector]:
        nodes: list[pytest.Item | pytest.Collector] = [
            Questions.from_parent(
                session,
                name=pack.name,
                nodeid=f"{PREFIX}{pack.name}",
                path=pack.path,
                pack=pack,
                items=items,
                run=self._run,
                ids=self._ids,
            )
            for pack, items in self._packs
        ]
        gate = f"{PREFIX}gate"
        if self._run.has_gate and (not self._ids or gate in self._ids):
            nodes.append(Gate.from_parent(session, name="gate", nodeid=gate, run=self._run))
        return nodes

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist of the folder that all of them share."""
        self._folder = self._folder or tempfile.mkdtemp(prefix="tqb-")
        node.workerinput[FOLDER] = self._folder

    def pytest_unconfigure(self) -> None:
        """Remove that folder."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
