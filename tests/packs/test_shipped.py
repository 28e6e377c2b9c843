"""Every pack that comes with tqb: strictly valid, loaded alike both ways, and answerable."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import mlcroissant
import pytest

from tqb.lint import strict_findings
from tqb.packs import check_pack, load_pack, seal_pack, shipped_folder, shipped_packs
from tqb.packs.card import front_matter
from tqb.packs.croissant import Source, read_fast, read_metadata
from tqb.packs.slow import read_slow
from tqb.packs.subset import read_subset
from tqb.scorers import item_faults, load_scorer
from tqb.scorers.normalize import normal_target
from tqb.types import Item, Pack

PACKS = shipped_packs()

parametrized = pytest.mark.parametrize("name", PACKS)


@cache
def loaded() -> dict[str, Pack]:
    return {name: load_pack(name) for name in PACKS}


@cache
def strict() -> dict[str, list[str]]:
    """Return the strict findings on all packs together, as of the day of the youngest."""
    dates = [read_metadata(shipped_folder(name) / "croissant.json") for name in PACKS]
    youngest = max(date.fromisoformat(one.string("datePublished")) for one in dates)
    found = strict_findings(loaded(), youngest)
    return {name: [str(problem) for problem in problems] for name, problems in found.items()}


@parametrized
def test_no_finding_even_of_the_strict_rules(name: str) -> None:
    """`tqb pack validate --strict` has nothing to say, mlcroissant's warnings included."""
    _, problems = check_pack(name, item_faults)
    assert [str(problem) for problem in problems] == []
    assert strict()[name] == []


@parametrized
def test_both_ways_of_loading_give_the_same_items(name: str) -> None:
    """Without mlcroissant and with it, a pack has the same rows, and no warning."""
    metadata = read_metadata(shipped_folder(name) / "croissant.json")
    subset = read_subset(metadata.values)
    assert subset is not None
    fast = read_fast(metadata, subset, verify=True)
    assert fast is not None
    assert fast.problems == ()
    slow = Source(*read_slow(metadata.path, metadata.values, metadata.text, verify=True))
    assert (slow.picked, slow.rows.sha256) == (fast.picked, fast.rows.sha256)
    dataset = mlcroissant.Dataset(str(metadata.path))
    assert (dataset.metadata.issues.errors, dataset.metadata.issues.warnings) == (set(), set())
    assert len(list(dataset.records("items"))) == len(loaded()[name].items)


@parametrized
def test_it_is_sealed(name: str, tmp_path: Path) -> None:
    """`tqb pack seal` finds nothing to do: the files are what tqb writes, byte for byte."""
    for path in shipped_folder(name).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert seal_pack(tmp_path, item_faults)[1] == ()


@parametrized
def test_its_card_can_be_read_where_it_is_published(name: str) -> None:
    """The front matter is YAML with what Hugging Face files a dataset by."""
    front = front_matter((shipped_folder(name) / "README.md").read_text("utf-8"))
    assert front is not None
    assert front["task_categories"] == ["question-answering"]
    assert front["size_categories"] == ["n<1K"]
    (config,) = front["configs"]
    assert config["data_files"] == [{"split": "test", "path": "items.jsonl"}]


@parametrized
def test_datasets_loads_it(name: str, tmp_path: Path) -> None:
    """`datasets.load_dataset` reads the folder, where that library is installed."""
    datasets = pytest.importorskip("datasets")
    folder = str(shipped_folder(name))
    read = datasets.load_dataset(folder, split="test", cache_dir=str(tmp_path))
    assert [row["id"] for row in read] == [item.id for item in loaded()[name].items]


@parametrized
def test_every_answer_is_right_for_its_item_and_for_no_other(name: str) -> None:
    """The default scorer passes each label and alias, and fails every other item's label."""
    items = loaded()[name].items
    score = load_scorer(rivals=[target for item in items for target in item.targets])
    refused = [
        f"{item.id}: {target!r} fails, {found.explanation}"
        for item in items
        for target in item.targets
        if not (found := score(target, item)).passed
    ]
    accepted = [
        f"{item.id}: {other.label!r} of {other.id} passes, {found.explanation}"
        for item in items
        for other in items
        if not _same_label(item, other) and (found := score(other.label, item)).passed
    ]
    assert "\n".join([*refused, *accepted]) == ""


def _same_label(item: Item, other: Item) -> bool:
    return normal_target(item.label, item.lang) == normal_target(other.label, other.lang)
