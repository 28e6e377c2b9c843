"""`tqb generate` on the real command line, against models that do well and badly."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli, Ended, bare_environment, start
from tests.generate.models import (
    Cooperative,
    Lying,
    Order,
    Refusing,
    Sloppy,
    Truncating,
    invented,
    serve,
)
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.cli import main
from tqb.packs import item_sha256, load_pack

LEAST = 5
"""Calls for 40 items of the recipe `general`."""


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Run ``tqb ARGUMENTS`` in a fresh folder, in this process, which has imported all."""
    monkeypatch.chdir(tmp_path)
    for name in set(os.environ) - set(bare_environment()):
        monkeypatch.delenv(name)

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = main([*map(str, arguments)])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


def minted(cli: Cli, server: OpenAIServer, *flags: object, output: str = "my") -> Ended:
    """Run ``tqb generate`` with the server as the writer."""
    return cli("generate", "-m", f"{server.url}#m", "-o", output, *flags)


def metadata(folder: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((folder / "croissant.json").read_bytes())
    return made


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def counted(out: str) -> dict[str, int]:
    """Return the table's rows of what was wrong."""
    found = re.findall(r"^  wrong: (.+?) +(\d+)$", out, re.MULTILINE)
    return {name: int(number) for name, number in found}


@pytest.mark.parametrize(
    ("model", "lang", "most", "wrong"),
    [
        (Cooperative(), "fr", 1.5, set()),
        (Sloppy(), "en", 3, {"schema", "language", "context", "duplicate"}),
        (Truncating(), "sw", 3, set()),
    ],
)
def test_as_many_items_as_wanted(
    cli: Cli,
    here: Cli,
    tmp_path: Path,
    model: Cooperative,
    lang: str,
    most: float,
    wrong: set[str],
) -> None:
    """40 of 40 in few calls; the pack passes the strict rules and runs at once."""
    with serve(model) as server:
        ended = minted(cli, server, "--language", lang, "--num", 40)
        assert ended.code == 0, ended.out + ended.err
        assert model.calls <= most * LEAST
        assert counted(ended.out).keys() == wrong
        checked = here("pack", "validate", "--strict", "my")
        assert checked.out == "my: valid, 40 items\n"
        ran = here("run", "my", "-m", f"{server.url}#m", "--fail-under", 1)
        assert ran.code == 0, ran.out
    items = load_pack(str(tmp_path / "my")).items
    assert {item.lang for item in items} == {lang}
    assert all(row["sha256"] == item_sha256(item) for row, item in zip(
        rows(tmp_path / "my" / "items.jsonl"), items, strict=True
    ))  # fmt: skip
    categories = [item.tags["category"] for item in items]
    assert max(map(categories.count, categories)) <= 4


def test_where_a_pack_comes_from(here: Cli, tmp_path: Path) -> None:
    """The metadata tells writer, recipe, parameters, verification, license and date."""
    model = Cooperative()
    with serve(model) as server:
        writer = f"{server.url}#m"
        flags = ("--num", 8, "--seed", 7, "--verify", writer, "--license", "CC-BY-4.0")
        assert minted(here, server, *flags).code == 0
    made = metadata(tmp_path / "my")
    activity = made["prov:wasGeneratedBy"]
    plan = activity["prov:qualifiedAssociation"]
    assert plan["prov:agent"]["prov:label"] == writer
    assert re.fullmatch("sha256:[0-9a-f]{64}", plan["prov:hadPlan"]["prov:value"])
    told = json.loads(activity["prov:value"])
    assert (told["seed"], told["temperature"], told["num"]) == (7, 0.7, 8)
    verified = activity["prov:wasInformedBy"]
    assert verified["prov:wasAssociatedWith"]["prov:label"] == writer
    assert json.loads(verified["prov:value"]) == {"votes": 3, "rejected": 0}
    assert made["license"] == "CC-BY-4.0"
    assert made["rai:hasSyntheticData"] is True
    assert activity["prov:startedAtTime"] <= activity["prov:endedAtTime"]
    assert made["datePublished"] <= activity["prov:endedAtTime"][:10]
    assert model.answered == 16  # two of three votes settle a majority


def test_no_license_is_not_passed_over(here: Cli, tmp_path: Path) -> None:
    """Who chooses none hears that the terms of the model's provider apply; the pack says so."""
    with serve(Cooperative()) as server:
        ended = minted(here, server, "--num", 2)
    assert "terms of the model's provider apply" in ended.out
    assert "provider's terms" not in metadata(tmp_path / "my")["license"]
    assert "terms of the model's provider apply" in (tmp_path / "my/README.md").read_text("utf-8")


def test_wrong_labels_are_kept_out(here: Cli, tmp_path: Path) -> None:
    """Of a model that lies, blind answers keep at least 95 % of the wrong labels out, and aside."""
    model = Lying()
    with serve(model) as server:
        ended = minted(here, server, "--language", "fr", "--verify", f"{server.url}#m")
    assert ended.code == 0, ended.out + ended.err
    items = load_pack(str(tmp_path / "my")).items
    assert len(items) == 40
    lies = [item for item in items if model.truth[item.text] != item.label]
    assert len(lies) <= 0.05 * len(model.wrong)
    rejected = rows(tmp_path / "my" / "rejected.jsonl")
    assert f"wrong: verification {len(rejected)}" in re.sub(" +", " ", ended.out)
    assert all(len(row["answers"]) >= 2 and "answers agree" in row["reason"] for row in rejected)


def test_a_model_that_refuses(here: Cli, tmp_path: Path) -> None:
    """It ends in 3 and few calls, says so, and writes no pack."""
    model = Refusing()
    with serve(model) as server:
        ended = minted(here, server)
    assert ended.code == 3
    assert "INCOMPLETE: 0 of 40 items; no pack was written" in ended.out
    assert "--resume goes on" in ended.err
    assert model.calls <= 2 * LEAST
    assert not (tmp_path / "my").exists()


class Failing(Cooperative):
    """Goes out of order after some calls, until it is mended."""

    broken_after = 2

    def __call__(self, body: Body) -> Reply:
        if self.calls >= self.broken_after:
            return Reply(status=401)
        return super().__call__(body)


def test_too_few_items_are_marked_and_made_up(here: Cli, tmp_path: Path) -> None:
    """A partial pack says so everywhere; --resume fills it and asks nothing twice."""
    model = Failing()
    with serve(model) as server:
        first = minted(here, server, "-j", 1)
        assert first.code == 3
        assert "INCOMPLETE: 16 of 40 items" in first.out
        assert "401 from" in first.err
        made, card = metadata(tmp_path / "my"), (tmp_path / "my/README.md").read_text("utf-8")
        assert "INCOMPLETE: 16 of 40 items" in made["description"]
        assert "INCOMPLETE: 16 of 40 items" in card
        assert here("pack", "validate", "--strict", "my").code == 0
        refused = minted(here, server)
        assert refused.code == 2
        assert "my is there already: give --force" in refused.err
        before, model.broken_after = items_of(tmp_path), 100
        second = minted(here, server, "--resume")
    assert second.code == 0, second.out + second.err
    assert model.calls == LEAST
    assert len(items_of(tmp_path)) == 40
    assert {row["text"] for row in before} < {row["text"] for row in items_of(tmp_path)}
    assert "INCOMPLETE" not in (tmp_path / "my/croissant.json").read_text("utf-8")
    assert "INCOMPLETE" not in (tmp_path / "my/README.md").read_text("utf-8")


def items_of(tmp_path: Path) -> list[dict[str, Any]]:
    return rows(tmp_path / "my" / "items.jsonl")


class Stuck(Cooperative):
    """Lets all calls after the first ones wait."""

    def __init__(self, quick: int) -> None:
        super().__init__()
        self.quick = quick
        self.waits = threading.Event()

    def __call__(self, body: Body) -> Reply:
        if self.calls >= self.quick:
            self.waits.set()
            return Reply(hang=True)
        return super().__call__(body)


def test_an_interruption(here: Cli, tmp_path: Path) -> None:
    """Ctrl-C leaves what is there as an incomplete pack and ends in 130; --resume goes on."""
    model = Stuck(2)
    with serve(model) as server:
        flags = ["-m", f"{server.url}#m", "-o", "my", "-j", "1"]
        with start(tmp_path, "generate", *flags) as process:
            try:
                assert model.waits.wait(30)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=60)
            finally:
                process.kill()
        assert process.returncode == 130, out + err
        assert "INCOMPLETE: 16 of 40 items" in out
        assert len(items_of(tmp_path)) == 16
        model.quick = 100
        assert minted(here, server, "--resume").code == 0
    assert model.calls == LEAST
    assert len(items_of(tmp_path)) == 40


def test_nothing_is_overwritten_unless_wanted(here: Cli, tmp_path: Path) -> None:
    """A folder with anything in it is refused before anyone is asked; --force replaces a pack."""
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "notes.txt").write_text("mine")
    model = Cooperative()
    with serve(model) as server:
        for flags in ((), ("--resume",), ("--dry-run",)):
            ended = minted(here, server, "--num", 2, *flags)
            assert ended.code == 2
            assert "my is there already" in ended.err
        assert model.calls == 0
        assert minted(here, server, "--num", 2, "--force").code == 0
        before = items_of(tmp_path)
        assert minted(here, server, "--num", 2, "--resume").code == 2
        assert items_of(tmp_path) == before
        assert minted(here, server, "--num", 2, "--force", "--language", "fr").code == 0
    assert {row["lang"] for row in items_of(tmp_path)} == {"fr"}
    assert (tmp_path / "my" / "notes.txt").read_text() == "mine"


def test_the_money_that_may_be_spent(here: Cli, tmp_path: Path) -> None:
    """Where no more may be spent it ends in 4, with what there is marked as incomplete."""
    with serve(Cooperative()) as server:
        ended = minted(here, server, "--max-cost", 1, "-j", 1)
    assert ended.code == 4
    assert "--max-cost 1 cannot be held" in ended.err
    assert "INCOMPLETE" in ended.out


def test_a_dry_run(here: Cli, tmp_path: Path) -> None:
    """It shows bounds and the first prompt, asks nobody and writes nothing."""
    model = Cooperative()
    with serve(model) as server:
        ended = minted(here, server, "--dry-run", "--verify", "demo", "--num", 16)
    assert ended.code == 0
    assert "calls for items            2 to 8" in ended.out
    assert "calls to verify            32 to" in ended.out
    assert "cost of items              unknown" in ended.out
    assert "cost of verifying          $0 to $0, about" in ended.out
    assert "Wanted: 8 items" in ended.out
    assert model.calls == 0
    assert list(tmp_path.iterdir()) == []


def test_several_languages_and_the_flags_of_tqbpp(here: Cli, tmp_path: Path) -> None:
    """``--languages``, ``--categories``, ``--context`` and ``--output-file`` are understood."""
    model = Cooperative()
    with serve(model) as server:
        ended = here(
            *("generate", "--model", f"{server.url}#m", "--num", 6, "--languages", "en fr"),
            *("--categories", "history,law,music", "--difficulty", "mixed"),
            *("--context", "for a museum", "--output-file", "out.json"),
        )
        prompts = [str(request.body["messages"]) for request in server.requests]
    assert ended.code == 0, ended.err
    assert all("What the test is for: for a museum" in prompt for prompt in prompts)
    folders = [tmp_path / "out" / lang for lang in ("en", "fr")]
    assert here("pack", "validate", "--strict", *folders).code == 0
    bare = load_pack(str(tmp_path / "out.json"))
    assert bare.languages == ("en", "fr")
    assert {item.tags["category"] for item in bare.items} == {"history", "law", "music"}


def document(sections: int) -> str:
    """A text in Markdown of invented words, none of them there twice."""
    words = (invented(number).lower() for number in range(2_000, 9_000))
    return "\n\n".join(
        f"## {next(words).title()}\n\nThe {' '.join(islice(words, 60))}." for _ in range(sections)
    )


def test_items_from_documents(here: Cli, tmp_path: Path) -> None:
    """Each keeps the passage it came from, which holds the label and says where it stands."""
    text = document(3)
    (tmp_path / "guide.md").write_text(text, encoding="utf-8")
    with serve(Cooperative()) as server:
        ended = minted(here, server, "--source", "guide.md", "--num", 6)
        assert ended.code == 0, ended.out + ended.err
        assert here("pack", "validate", "--strict", "my").code == 0
    for item in load_pack(str(tmp_path / "my")).items:
        assert item.label in item.context
        assert item.context.split("\n\n")[-1] in text
        assert item.tags["source"].startswith("guide.md:")


class Translating(Cooperative):
    """Asks each concept in its own words; numbers come out wrong the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def items(self, order: Order) -> list[dict[str, Any]]:
        made = super().items(order)
        for item in made:
            source = next(i for i in load_pack("core-en").items if i.concept == item["concept"])
            item["answer_type"] = source.answer_type
            if source.answer_type in ("number", "date", "formula"):
                wrong = source.answer_type == "number" and source.id not in self.seen
                label = "987654" if wrong else source.label
                item["label"], item["context"] = label, f"Jibu ni {label} kwa kweli."
                self.seen.add(source.id)
        return made


def test_a_parallel_pack(here: Cli, tmp_path: Path) -> None:
    """The same concepts in another language, each once; a number must be worth the same."""
    with serve(Translating()) as server:
        flags = ("--parallel-to", "core-en", "--language", "sw")
        ended = minted(here, server, *flags, output="core-sw")
    assert ended.code == 0, ended.out + ended.err
    assert counted(ended.out).keys() == {"concept"}
    made = load_pack(str(tmp_path / "core-sw")).items
    wanted = {item.concept: item for item in load_pack("core-en").items}
    assert len(made) == len(wanted)
    assert {item.concept for item in made} == wanted.keys()
    assert all(item.tags == wanted[item.concept].tags for item in made)


def test_questions_of_another_pack_are_avoided(here: Cli, tmp_path: Path) -> None:
    """With --avoid a model that repeats itself has to ask something else."""
    with serve(Cooperative()) as server:
        assert minted(here, server, "--num", 8).code == 0
    again = Cooperative()
    with serve(again) as server:
        ended = minted(here, server, "--num", 8, "--avoid", "my", output="other")
    assert ended.code == 0
    assert counted(ended.out) == {"duplicate": 8}
    texts = [{item.text for item in load_pack(str(tmp_path / n)).items} for n in ("my", "other")]
    assert not texts[0] & texts[1]


def test_the_same_from_a_cassette(here: Cli, tmp_path: Path) -> None:
    """--record keeps the replies, and --offline makes the same pack of them, asking nobody."""
    with serve(Sloppy()) as server:
        flags = ("--num", 12, "--record", "tape", "--verify", f"{server.url}#m")
        assert minted(here, server, *flags).code == 0
        before = items_of(tmp_path), len(server.requests)
        assert minted(here, server, *flags, "--offline", "--force").code == 0
        assert (items_of(tmp_path), len(server.requests)) == before


def test_replies_of_a_real_model(here: Cli, tmp_path: Path) -> None:
    """What a very small model once wrote, with a recipe of one's own, is judged the same today.

    Recorded from `tests.local_model`; none of its items is fit for a pack, and it is said why.
    """
    folder = Path(__file__).parent
    ended = here(
        *("generate", "-m", "http://127.0.0.1:8137/v1#SmolLM2-135M-Instruct.Q4_1", "-o", "my"),
        *("--recipe", folder / "tiny", "--num", 4, "--seed", 3, "--temperature", 0.4),
        *("--max-tokens", 200, "--record", folder / "tape", "--offline"),
    )
    assert ended.code == 3, ended.err
    assert "calls for items            8 (at least 4)" in ended.out
    assert counted(ended.out) == {"context": 3, "giveaway": 6}
    assert "calls failed" not in ended.out
    assert not (tmp_path / "my").exists()


def test_review(here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person accepts, mends and drops rejected items; the pack is sealed, the rest stays."""
    model = Lying()
    with serve(model) as server:
        assert minted(here, server, "--num", 8, "--verify", f"{server.url}#m").code == 0
    rejected = rows(tmp_path / "my" / "rejected.jsonl")
    assert len(rejected) >= 3
    right = model.truth[rejected[1]["text"]]
    typed = ["a", "e", "", right, "", rejected[1]["context"].replace(rejected[1]["label"], right)]
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join([*typed, "d", ""])))
    done = here("generate", "--review", "-o", "my")
    assert f"2 items accepted, 1 dropped, {len(rejected) - 3} rejected item" in done.out
    pack = load_pack(str(tmp_path / "my"))
    assert [(i.text, i.label) for i in pack.items[-2:]] == [
        (rejected[0]["text"], rejected[0]["label"]),
        (rejected[1]["text"], right),
    ]
    assert metadata(tmp_path / "my")["description"].startswith("10 questions")
    assert here("pack", "validate", "--strict", "my").code == 0
    assert here("pack", "seal", "my").out.endswith("my: nothing to seal, 10 items\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO("d\n"))
    assert (
        "0 items accepted, 1 dropped" in here("generate", "--review", "--accepted", "-o", "my").out
    )
    assert load_pack(str(tmp_path / "my")).items == tuple(
        replace(item, line=item.line - 1) for item in pack.items[1:]
    )


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-o", "my"), "name who writes the items: --model"),
        (("-m", "demo"), "name the folder of the pack: -o"),
        (("-m", "demo", "-o", "my", "--language", "fr_FR!"), "give a BCP 47 tag"),
        (("-m", "demo", "-o", "my", "--difficulty", "cruel"), "give one of 'mixed', 'easy'"),
        (("-m", "demo", "-o", "my", "--recipe", "generl"), "did you mean 'general'?"),
        (("-m", "demo", "-o", "my", "--source", "none.md"), "none.md"),
        (("-m", "demo", "-o", "my", "--parallel-to", "core-en"), "no item of another language"),
        (("--review", "-o", "my"), "holds no pack"),
    ],
)
def test_what_cannot_be_used(here: Cli, flags: tuple[str, ...], said: str) -> None:
    """It ends in 2 with one sentence that says what to give."""
    ended = here("generate", *flags)
    assert ended.code == 2
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_the_list_of_recipes(here: Cli) -> None:
    """``--list`` shows them with what they are for."""
    out = here("generate", "--list").out
    assert [line.split()[0] for line in out.splitlines()] == [
        "NAME",
        "general",
        "grounded",
        "parallel",
    ]
