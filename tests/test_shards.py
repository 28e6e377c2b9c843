"""A run in shards: what falls where, and that the merged report is the one of the whole run."""

from __future__ import annotations

import importlib
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tqb
from tests.cli.test_confirm import every_other, once, server, wrong
from tests.conftest import Cli, Ended, Write, write_items
from tests.openai_server import Reply
from tqb.errors import ConfigError
from tqb.formats import write_report
from tqb.merge import merge
from tqb.report import load_report
from tqb.shards import parse, shard_of
from tqb.types import Policy, Report, RunOptions

TIMES = frozenset(
    "id started_at finished_at latency_s first_byte_s waited_s latency latency_p50 "
    "first_byte_p50_s last_byte_p50_s".split()
)
"""Fields of a report that tell when something was, and how long it took; and the run's id."""

SIZE = 24


def timeless(value: Any) -> Any:
    """Take out of a report, at any depth, what no two runs have in common."""
    if isinstance(value, dict):
        return {name: timeless(one) for name, one in value.items() if name not in TIMES}
    return [timeless(one) for one in value] if isinstance(value, list) else value


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def write_shards(folder: Path, *names: str, of: int = 2) -> None:
    """Write the reports of the first shards of the demo."""
    for number, name in enumerate(names, 1):
        write_report(tqb.run(shard=f"{number}/{of}"), folder / name)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Questions with their number as the answer, in two categories and two languages."""
    items = [
        {
            "text": f"Which is item {n}?",
            "label": f"number {n}",
            "lang": "en" if n % 3 else "fr",
            "tags": {"category": "even" if n % 2 == 0 else "odd"},
        }
        for n in range(1, SIZE + 1)
    ]
    return write_items(tmp_path / "pack.jsonl", *items)


def accept(cli: Cli, pack: Path, *failing: int) -> None:
    """Accept a baseline in which all but some items pass."""
    made, _ = server(dict.fromkeys(failing, wrong))
    with made:
        assert cli("run", pack, "-m", f"{made.url}#m").code == 0
    assert cli("baseline", "accept").code == 0


def merged(cli: Cli, of: int, run: tuple[object, ...], *judged: object) -> Ended:
    """Run all shards and merge them into `merged.json`, the last shard's report first."""
    names = [f"s{number}.json" for number in range(of, 0, -1)]
    for number, name in zip(range(of, 0, -1), names, strict=True):
        ended = cli("run", *run, "--shard", f"{number}/{of}", "-o", name)
        assert (ended.code, ended.out.split()[0]) == (0, "SHARD"), ended.out + ended.err
    return cli("merge", *names, "-o", "merged.json", *judged)


SICK = {3: wrong, 4: once(4), 5: every_other(5), 6: wrong, 7: wrong, 8: wrong, 11: wrong}
"""Broken items, one that recovers, and one that flakes."""


@pytest.mark.parametrize(
    ("of", "flags"),
    [
        (2, ()),
        (5, ("--max-broken", 1)),
        (3, ("--repeats", 3, "--temperature", 1)),
        (4, ("--must-pass", "q4", "--confirm-limit", 3)),
        (3, ("--limit", 11, "--confirm", 0)),
        (7, ("--fail-under", 0.8, "--limit", 9)),
    ],
)
def test_merged_shards_are_the_whole_run(
    cli: Cli, tmp_path: Path, pack: Path, of: int, flags: tuple[object, ...]
) -> None:
    """Report, verdict and exit code are those of the run in one piece, but for times."""
    accept(cli, pack, 1, 2)
    made, asked = server({**SICK, 9: lambda before: Reply(status=500, body=b"no")})
    rules = ("--baseline", "tqb-baseline.jsonl", *flags)
    with made:
        run = (pack, "-m", f"{made.url}#m", "--retries", 0, *rules)
        whole = cli("run", *run, "-o", "whole.json")
        asked.clear()
        chosen = [f for f in zip(flags[::2], flags[1::2], strict=True) if f[0] in JUDGED]
        judged = [word for pair in chosen for word in pair]
        together = merged(cli, of, run, "--baseline", "tqb-baseline.jsonl", *judged)
    assert together.code == whole.code, together.out + together.err
    one, other = read(tmp_path / "whole.json"), read(tmp_path / "merged.json")
    assert timeless(other) == timeless(one)
    assert SECONDS.sub("", together.out) == SECONDS.sub("", whole.out)


SECONDS = re.compile(r" *\d+\.\d+ s\b")
JUDGED = ("--max-broken", "--must-pass", "--confirm-limit", "--confirm", "--fail-under")


def test_a_shard_asks_its_items_alone(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """Each question goes out once, to the shard that the hash of its item names."""
    made, asked = server({})
    with made:
        for number in (1, 2, 3):
            asked.clear()
            done = cli("run", pack, "-m", f"{made.url}#m", "-o", "s.json", f"--shard={number}/3")
            assert done.code == 0
            mine = [n for n in range(1, SIZE + 1) if shard_of("pack", f"q{n}", 3) == number]
            assert asked == dict.fromkeys(mine, 1)
            data = read(tmp_path / "s.json")
            assert [int(r["item_id"][1:]) for r in data["results"]] == mine
            assert data["run"]["part"]["places"] == [n - 1 for n in mine]
            assert (data["verdict"]["status"], data["comparison"]) == ("shard", None)


def test_items_stay_in_their_shard() -> None:
    """Where an item falls is its own matter, and the parts are of about one size."""
    assert [shard_of("core-en", name, 5) for name in ("a", "b", "c", "d")] == [1, 1, 3, 3]
    sizes = Counter(shard_of("p", f"q{n}", 4) for n in range(4000))
    assert set(sizes) == {1, 2, 3, 4}
    assert all(900 < size < 1100 for size in sizes.values())


@pytest.mark.parametrize("text", ["", "1", "0/3", "4/3", "a/b", "1/0", "1/2/3", "-1/3", "1/99999"])
def test_a_shard_that_cannot_be(cli: Cli, text: str) -> None:
    """What is no K-th of N is refused in a sentence, before anything is asked."""
    with pytest.raises(ConfigError, match="give K/N"):
        parse(text)
    ended = cli("run", f"--shard={text or ' '}")
    assert (ended.code, ended.err.count("\n")) == (2, 1), ended.err
    assert "give K/N" in ended.err


@pytest.mark.parametrize(
    ("third", "said"),
    [
        (None, "shard 3/3 is missing: give the reports of all 3 shards"),
        (("--shard", "1/3"), "c.json: shard 1/3 is there already: a.json"),
        (("--shard", "3/4"), "c.json: its number of shards is 4, that of a.json is 3"),
        (("--shard", "3/3", "--target", "demo:broken"), "c.json: its target is demo:broken, that"),
        (("--shard", "3/3", "--repeats", "2"), "c.json: its repeats is 2, that of a.json is 1"),
        (("--shard", "3/3", "--limit", "40"), "c.json: its number of items is 40, that of a.json"),
        (("--shard", "3/3", "--tag", "difficulty=easy"), "c.json: its number of items is "),
        (("--shard", "3/3", "--seed", "4"), "c.json: its seed is 4, that of a.json is None"),
        (("--shard", "3/3", "--scorer", "exact"), "c.json: its scorer is exact, that of a.json"),
        (("--shard", "3/3", "--prompt", "p.txt"), "c.json: its prompt template is 9"),
        ((), "c.json: not the report of a shard: make one by `tqb run --shard K/N"),
    ],
)
def test_shards_that_are_not_of_one_run(
    cli: Cli, tmp_path: Path, third: tuple[str, ...] | None, said: str
) -> None:
    """A shard that is missing, there twice or of another run is named, and nothing is judged."""
    (tmp_path / "p.txt").write_text("{{ input }}!\n", "utf-8")
    write_shards(tmp_path, "a.json", "b.json", of=3)
    names = ["a.json", "b.json"]
    if third is not None:
        assert cli("run", *third, "-o", "c.json").code == 0
        names.append("c.json")
    ended = cli("merge", *names, "-o", "m.json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {said}")
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "m.json").exists()


def test_shards_of_other_items(cli: Cli, tmp_path: Path) -> None:
    """As many items are not the same items."""
    names = [item.id for item in tqb.load_pack("core-en").items]
    for number, ids in ((1, names[:4]), (2, names[4:8])):
        items = [word for name in ids for word in ("--item", name)]
        assert cli("run", *items, "--shard", f"{number}/2", "-o", f"s{number}.json").code == 0
    ended = cli("merge", "s1.json", "s2.json")
    assert ended.code == 2
    assert "s2.json: its selection of items is " in ended.err


def test_rules_of_the_merge(cli: Cli, tmp_path: Path) -> None:
    """An item that must pass and is none is a typing error, as it is for a run."""
    write_shards(tmp_path, "s1.json", "s2.json")
    ended = cli("merge", "s1.json", "s2.json", "--must-pass", "nope")
    assert ended.code == 2
    assert "--must-pass nope: no item and no tag of the shards is called so" in ended.err
    assert cli("history", "import", "s1.json").code == 2


def test_a_shard_of_another_pack(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """An edit between two shards is noticed by the pack's hash."""
    made, _ = server({})
    with made:
        assert cli("run", pack, "-m", f"{made.url}#m", "--shard", "1/2", "-o", "a.json").code == 0
        pack.write_text(pack.read_text("utf-8").replace("number 3", "number three"), "utf-8")
        assert cli("run", pack, "-m", f"{made.url}#m", "--shard", "2/2", "-o", "b.json").code == 0
    ended = cli("merge", "a.json", "b.json")
    assert ended.code == 2
    assert "b.json: its pack is pack" in ended.err


def drop_a_result(data: dict[str, Any]) -> None:
    del data["results"][0]


def pass_it(data: dict[str, Any]) -> None:
    data["verdict"] = {**data["verdict"], "status": "pass"}


def double_it(data: dict[str, Any]) -> None:
    data["results"][1] = data["results"][0]


def rename_it(data: dict[str, Any]) -> None:
    data["results"][0]["item_id"] = "another"


def renumber_it(data: dict[str, Any]) -> None:
    data["run"]["part"]["shard"]["of"] = 1


@pytest.mark.parametrize("edit", [drop_a_result, pass_it, double_it, rename_it, renumber_it])
def test_an_edited_report(cli: Cli, tmp_path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """A shard's report that holds another's results, or a verdict of its own, is refused."""
    write_shards(tmp_path, "s1.json", "s2.json")
    data = read(tmp_path / "s2.json")
    edit(data)
    (tmp_path / "s2.json").write_text(json.dumps(data), "utf-8")
    ended = cli("merge", "s1.json", "s2.json")
    assert ended.code == 2
    assert "was edited" in ended.err


def test_a_shard_is_no_baseline(cli: Cli) -> None:
    """One part of a run is neither accepted nor compared with, and is not in the history."""
    assert cli("run", "--shard", "1/2", "-o", "a.json").code == 0
    ended = cli("baseline", "accept", "a.json")
    assert ended.code == 2
    assert "the run was one shard of several (see `tqb merge`)" in ended.err
    assert cli("run", "--baseline", "a.json").code == 2
    assert "there is no history yet" in cli("history").err
    assert cli("run", "--shard", "2/2", "-o", "b.json").code == 0
    assert cli("merge", "a.json", "b.json").code == 0
    assert "52" in cli("history").out
    assert cli("baseline", "accept").code == 0


def test_a_shard_without_items(cli: Cli, pack: Path) -> None:
    """A shard to which no item falls is no fault; without any question nothing was scored."""
    made, _ = server({})
    empty = next(n for n in range(1, 99) if n != shard_of("pack", "q1", 98))
    with made:
        run = ("run", pack, "-m", f"{made.url}#m")
        ended = cli(*run, "--limit", 1, "--shard", f"{empty}/98")
        assert ended.code == 0
        assert "0 of the run's 1 item fell to shard" in ended.out
        assert cli(*run, "--tag", "category=none", "--shard", "1/2").code == 5
    assert not made.requests


def test_a_shard_that_was_stopped(cli: Cli, tmp_path: Path, write_module: Write) -> None:
    """The whole ends as its stopped shard did, whatever the rules given to the merge."""
    write_module(
        "app.py",
        "def answer(question: str) -> dict[str, object]:\n"
        "    return {'answer': 'x', 'cost_usd': 0.01}\n",
    )
    run = ("run", "--target", "python:app:answer", "--max-cost", "0.3", "-j", 1)
    codes = [cli(*run, "--shard", f"{n}/2", "-o", f"s{n}.json").code for n in (1, 2)]
    assert codes == [4, 4]
    spent = [read(tmp_path / f"s{n}.json")["metrics"]["cost_usd"] for n in (1, 2)]
    assert all(0.1 <= one <= 0.16 for one in spent)
    ended = cli("merge", "s1.json", "s2.json")
    assert ended.code == 4
    assert "shard 1/2: " in ended.out


def test_shards_side_by_side(cli: Cli, tmp_path: Path, pack: Path) -> None:
    """Shards keep journals of their own, and one that is taken up asks what is missing alone."""
    made, asked = server({})
    with made:
        for number in (1, 2):
            run = ("run", pack, "-m", f"{made.url}#m", "--shard", f"{number}/2")
            assert cli(*run).code == 0
        names = sorted(path.name for path in (tmp_path / ".tqb").glob("*.jsonl"))
        assert names == ["journal-1-of-2.jsonl", "journal-2-of-2.jsonl"]
        asked.clear()
        assert cli(*run, "--resume").code == 0
    assert not asked


def test_a_dry_run_tells_of_the_shard(cli: Cli) -> None:
    """`--dry-run` counts the shard's own requests."""
    mine = sum(shard_of("core-en", item.id, 4) == 2 for item in tqb.load_pack("core-en").items)
    ended = cli("run", "--target", "python:m:f", "--shard", "2/4", "--dry-run")
    assert ended.code == 2
    ended = cli("run", "--shard", "2/4", "--dry-run")
    assert f"{mine} items" in ended.out


ITEMS = 12
SCRIPT = st.tuples(st.booleans(), st.booleans(), st.lists(st.booleans(), min_size=3, max_size=3))
"""Of an item: whether it passes in the baseline, whether now, and when it is asked again."""

APP = """
scripts, asked = {}, {}

def answer(question):
    at = asked[question] = asked.get(question, -1) + 1
    return "yes" if scripts[question][min(at, len(scripts[question]) - 1)] else "no"
"""


ALL_BREAK = [(True, False, [False, False, True])] * ITEMS
"""So clear that the whole run asks nothing again but what must pass, as often as it may."""


@settings(max_examples=25)
@example(ALL_BREAK, 1, 8)
@example(ALL_BREAK, 2, 8)
@given(st.lists(SCRIPT, min_size=ITEMS, max_size=ITEMS), st.integers(1, 4), st.integers(1, 8))
def test_any_shards_of_any_run(
    tmp_path_factory: pytest.TempPathFactory, scripts: list[Any], of: int, limit: int
) -> None:
    """Whatever breaks, flakes and is fixed, the shards make up what the whole run says."""
    folder = tmp_path_factory.mktemp("any")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(str(folder))
        rows = (
            {"text": f"{n}?", "label": "yes", "tags": {"critical": str(n in (1, 2)).lower()}}
            for n in range(ITEMS)
        )
        write_items(folder / "p.jsonl", *rows)
        (folder / f"app{folder.name}.py").write_text(APP, "utf-8")
        target = f"python:app{folder.name}:answer"
        whole, merged = both_ways(folder, target, scripts, of, limit)
    assert merged == whole


def both_ways(folder: Path, target: str, scripts: list[Any], of: int, limit: int) -> list[Any]:
    """Run scripts in one piece and in shards, against one baseline; return the two reports."""
    app: Any = importlib.import_module(target.split(":")[1])

    def run(**more: Any) -> Report:
        app.asked.clear()
        return tqb.run("p.jsonl", target=target, confirm_limit=limit, **more)

    app.scripts = {f"{n}?": [before] for n, (before, _, _) in enumerate(scripts)}
    write_report(run(), folder / "base.json")
    app.scripts = {f"{n}?": [now, *again] for n, (_, now, again) in enumerate(scripts)}
    whole = run(baseline="base.json")
    for number in range(1, of + 1):
        made = run(baseline="base.json", shard=f"{number}/{of}")
        write_report(made, folder / f"{number}.json")
    paths = [folder / f"{number}.json" for number in range(1, of + 1)]
    options = RunOptions(baseline=Path("base.json"), policy=Policy(confirm_limit=limit))
    merged = merge([(path, load_report(path)) for path in paths], options)
    write_report(whole, folder / "whole.json")
    write_report(merged, folder / "merged.json")
    return [timeless(read(folder / name)) for name in ("whole.json", "merged.json")]
