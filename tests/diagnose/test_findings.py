"""What broke is named: real runs against a model whose template, tokenizer or answers are changed.

The pipeline is a server of our own (`tests.fake_model`); what stands between it and tqb is HTTP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import tqb
from benchmarks.faults import wire
from tests.conftest import Cli
from tests.fake_model import FakeModel, Message, chatml, cut
from tests.openai_server import Body, OpenAIServer, Reply
from tqb.types import Finding, Report

PACKS = ("core-en", "canary-template")
Pipeline = Callable[[Body], Reply]


def asked(pipeline: Pipeline, baseline: Path | None = None, **settings: Any) -> Report:
    """Run the packs against a pipeline."""
    with OpenAIServer(pipeline) as server:
        settings = {"packs": PACKS, "confirm": 1, "max_errors": 1.0, **settings}
        packs = settings.pop("packs")
        return tqb.run(packs, target=f"{server.url}#fake", baseline=baseline, **settings)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The healthy pipeline's baseline, without the text of its answers."""
    from tqb import baseline as baselines

    path = tmp_path_factory.mktemp("healthy") / "tqb-baseline.jsonl"
    path.write_text(baselines.to_text(baselines.accept(asked(FakeModel()))), "utf-8")
    return path


def faults(report: Report) -> list[Finding]:
    """The findings that are more than a notice."""
    return [finding for finding in report.findings if finding.level == "fault"]


def turns(each: str, end: str) -> Callable[[Sequence[Message]], str]:
    """Make a chat template of the form of a turn and the end of the prompt."""
    return lambda messages: "".join(each.format(**m) for m in messages) + end


def without(role: str) -> Callable[[Sequence[Message]], str]:
    """Make a template that leaves the turns of a role out."""
    return lambda messages: chatml([m for m in messages if m["role"] != role])


def asking(change: Callable[[str], str]) -> Callable[[Sequence[Message]], str]:
    """Make a template that changes the question."""
    return lambda messages: chatml(
        [{**m, "content": change(m["content"])} if m["role"] == "user" else m for m in messages]
    )


def twice(messages: Sequence[Message]) -> str:
    """Send every message two times."""
    return chatml([m for m in messages for _ in range(2)])


def words(change: Callable[[str, Any], str]) -> Callable[[str, str], tuple[str, str]]:
    """Change the text of each answer."""
    return lambda question, answer: (change(answer, {}), "stop")


def endless(question: str, answer: str) -> tuple[str, str]:
    """Go on after the answer, with the next turn."""
    return f"{answer}\nuser\nAnd what is the next one?\nassistant\nI do not know.", "length"


def stopped(body: Body) -> Reply:
    """End each answer at its first space, as a stop string does."""
    reply = FakeModel()(body)
    data = json.loads(json.dumps(reply.body))
    message = data["choices"][0]["message"]
    message["content"] = message["content"].split(" ")[0]
    data["usage"]["completion_tokens"] = cut(message["content"])
    return Reply(body=data)


TEMPLATE: Mapping[str, tuple[Pipeline, str]] = {
    "no template": (FakeModel(turns("{content}\n", "")), "wrapping-changed"),
    "question dropped": (FakeModel(without("user")), "question-lost"),
    "system prompt dropped": (FakeModel(without("system")), "system-prompt-lost"),
    "another model's": (
        FakeModel(turns("[INST] {content} [/INST]", ""), word=words(lambda text, body: f"{text} ")),
        "wrapping-changed",
    ),
    "no generation prompt": (
        FakeModel(lambda messages: chatml(messages).removesuffix("<|im_start|>assistant\n")),
        "wrapping-changed",
    ),
    "one token in front": (
        FakeModel(
            lambda messages: "<|endoftext|>" + chatml(messages),
            word=words(lambda text, body: f"{text} "),
        ),
        "wrapping-changed",
    ),
    "sent twice": (FakeModel(twice), "sent-twice"),
    "placeholder": (
        FakeModel(
            lambda messages: chatml([{**m, "content": "{question}"} for m in messages]),
            word=lambda question, answer: ("You asked {question}, I think", "stop"),
        ),
        "question-lost",
    ),
    "cut at 30 characters": (
        FakeModel(lambda messages: chatml([{**m, "content": m["content"][:30]} for m in messages])),
        "question-cut",
    ),
    "escaped": (
        lambda body: FakeModel()(
            {
                **body,
                "messages": [
                    {**m, "content": wire.escaped(m["content"])} for m in body["messages"]
                ],
            }
        ),
        "question-altered",
    ),
    "URL-encoded": (FakeModel(asking(quote)), "question-altered"),
    "something for some": (
        FakeModel(asking(lambda text: f"{text} In one word." if len(text) % 2 else text)),
        "wrapping-changed",
    ),
    "never stops": (FakeModel(word=endless), "never-stops"),
    "a stop string": (stopped, "answers-stopped-early"),
    "role in front": (
        FakeModel(word=lambda question, answer: (f"assistant\n{answer}", "stop")),
        "role-in-answers",
    ),
    "a space in front": (
        FakeModel(word=words(lambda text, body: f" {text}")),
        "space-in-front",
    ),
    "special tokens in answers": (
        FakeModel(word=lambda question, answer: (f"{answer}<|im_end|>", "stop")),
        "special-tokens-in-answers",
    ),
    "the first word missing": (FakeModel(asking(lambda text: text[12:])), "something-missing"),
    "a placeholder for some": (
        FakeModel(asking(lambda text: "{question}" if len(text) % 4 == 0 else text)),
        "question-lost",
    ),
    "four times": (FakeModel(asking(lambda text: "\n".join([text] * 4))), "sent-twice"),
    "role and colon in front": (
        FakeModel(word=words(lambda text, body: f"ASSISTANT: {text}")),
        "role-in-answers",
    ),
}


def half_size(text: str) -> int:
    """Cut as `cut` does, but letters beyond ASCII one by one, and digits in threes."""
    return cut(re.sub(r"\d{3}", "7", text)) + sum(not c.isascii() for c in text)


def plain_specials(text: str) -> int:
    """Cut special tokens like other text."""
    return cut(text.replace("<|", "< | ").replace("|>", " | >"))


TOKENIZER: Mapping[str, tuple[Pipeline, str]] = {
    "other pieces": (FakeModel(tokenizer=half_size), "tokens-drifted"),
    "special tokens split": (FakeModel(tokenizer=plain_specials), "special-tokens-split"),
    "capitals lost": (
        FakeModel(tokenizer=lambda text: cut(re.sub("[A-Z]", "é", text))),
        "tokens-drifted",
    ),
    "byte-level pieces": (FakeModel(word=words(wire.pieces)), "undecoded-pieces"),
    "SentencePiece": (FakeModel(word=words(wire.markers)), "undecoded-pieces"),
    "spaces lost": (FakeModel(word=words(wire.glued)), "spaces-lost"),
    "U+FFFD": (
        FakeModel(word=lambda question, answer: (answer[:-1] + "\ufffd", "stop")),
        "torn-characters",
    ),
    "mojibake": (
        FakeModel(word=lambda question, answer: (wire.mojibake(f"« {answer} »", {}), "stop")),
        "mojibake",
    ),
    "letters apart": (FakeModel(word=words(lambda text, body: " ".join(text))), "spaces-added"),
    "WordPiece": (
        FakeModel(word=words(lambda text, body: re.sub(r"(\w{3})(?=\w)", r"\1 ##", text))),
        "undecoded-pieces",
    ),
    "characters escaped": (
        FakeModel(word=words(lambda text, body: json.dumps(f"é{text}")[1:-1])),
        "mojibake",
    ),
}


def every(nth: int, text: str) -> Callable[[str, str], tuple[str, str]]:
    """Say something else to every nth question, by its length."""
    return lambda question, answer: (text if len(question) % nth == 0 else answer, "stop")


BEHAVIOUR: Mapping[str, tuple[Pipeline, str]] = {
    "wrong answers": (FakeModel(word=every(4, "Bielefeld")), "accuracy-fell"),
    "refusals": (FakeModel(word=every(4, "I'm sorry, but I can't help with that.")), "refusals"),
    "whole sentences": (
        FakeModel(word=lambda question, answer: (f"I think the answer is {answer}.", "stop")),
        "form-changed",
    ),
    "Markdown": (
        FakeModel(word=lambda question, answer: (f"**{answer}**", "stop")),
        "form-changed",
    ),
    "JSON": (
        FakeModel(word=lambda question, answer: (json.dumps({"answer": answer}), "stop")),
        "form-changed",
    ),
    "capitals": (
        FakeModel(word=lambda question, answer: (answer.upper(), "stop")),
        "case-changed",
    ),
}


def failing(status: int) -> Pipeline:
    """Fail for every third question."""
    return lambda body: (
        Reply(status=status, body={"error": {"message": "no"}})
        if len(body["messages"][-1]["content"]) % 3 == 0
        else FakeModel()(body)
    )


def behind(between: wire.Wire) -> Pipeline:
    """Put something between."""
    return lambda body: between(body, FakeModel())


INFRASTRUCTURE: Mapping[str, tuple[Pipeline, str]] = {
    "429": (failing(429), "calls-failed-rate-limit"),
    "500": (failing(500), "calls-failed-server"),
    "filter": (
        behind(wire.some(0.3, wire.answer(lambda text, body: text[:2], "content_filter"))),
        "content-filtered",
    ),
    "login page": (
        FakeModel(word=lambda question, answer: ("<!DOCTYPE html><title>Sign in</title>", "stop")),
        "page-for-an-answer",
    ),
    "cut text": (
        FakeModel(word=lambda question, answer: (answer[:5], "stop")),
        "text-cut-on-the-way",
    ),
    "a word of trouble": (
        FakeModel(word=every(3, "The server is currently overloaded. Please try again later.")),
        "page-for-an-answer",
    ),
    "one text for many": (
        FakeModel(word=every(3, "Our line is engaged, and we are with you in a moment.")),
        "one-text-for-many",
    ),
    "null": (FakeModel(word=every(3, "null")), "page-for-an-answer"),
    "events in place of text": (
        FakeModel(word=words(lambda text, body: f'data: {{"delta": "{text}"}}')),
        "page-for-an-answer",
    ),
    "the middle lost": (
        FakeModel(word=words(lambda text, body: text[:2] + text[max(2, len(text) - 2) :])),
        "text-cut-on-the-way",
    ),
}

FAULTS: dict[str, tuple[str, Pipeline, str]] = {
    f"{family}: {name}": (family, *case)
    for family, cases in {
        "template": TEMPLATE,
        "tokenizer": TOKENIZER,
        "behaviour": BEHAVIOUR,
        "infrastructure": INFRASTRUCTURE,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named_first(name: str, baseline: Path) -> None:
    """The first finding has the family of the fault that was put in; one has its name."""
    family, pipeline, found = FAULTS[name]
    settings = {"retries": 0} if family == "infrastructure" else {}
    named = faults(asked(pipeline, baseline, **settings))
    first = named[0]
    assert first.kind == family, [one.summary for one in named]
    assert found in {one.name for one in named if one.kind == family}
    assert first.items
    assert first.summary.endswith((".", "?"))
    assert first.evidence


def test_an_answer_of_somebody_else_is_no_regression(baseline: Path) -> None:
    """Pages, filtered and cut answers end in 3, never in 1: they say nothing about the model."""
    for name in ("filter", "login page", "cut text", "a word of trouble", "the middle lost"):
        verdict = asked(INFRASTRUCTURE[name][0], baseline, max_errors=0.05).verdict
        assert (verdict.status, verdict.exit_code) == ("inconclusive", 3), name
        assert "are not the model's own" in verdict.reasons[0]


@pytest.mark.parametrize("between", [wire.late_cache, wire.one_answer], ids=["late", "one"])
def test_a_cache_that_mixes_up_questions_is_infrastructure(
    between: Callable[[], wire.Wire], baseline: Path
) -> None:
    """Answers that were another question's in the baseline point to a cache, not to the model."""
    first = asked(behind(between()), baseline, max_concurrency=1).findings[0]
    assert (first.kind, first.level) == ("infrastructure", "fault")
    assert first.foreign > 0.5
    assert first.name in ("answers-swapped", "one-answer-for-all")


def test_a_cache_that_errs_at_times_is_infrastructure(baseline: Path) -> None:
    """Replies that are another question's, token counts and all, are no drift of the tokenizer."""

    def mixing() -> Pipeline:
        last: list[Reply] = []

        def pipeline(body: Body) -> Reply:
            last.append(FakeModel()(body))
            return last[-2 if len(last) > 1 and len(last) % 4 == 0 else -1]

        return pipeline

    report = asked(mixing(), baseline, max_concurrency=1, max_errors=0.05, confirm=0)
    assert [one.name for one in faults(report)] == ["answers-swapped"]
    assert report.verdict.exit_code == 3


def reworded(question: str, answer: str) -> tuple[str, str]:
    """Word two answers of five otherwise, as another engine does: longer by a little."""
    return (f"{answer} " if len(question) % 5 < 2 else answer), "stop"


def two_lost(question: str, answer: str) -> tuple[str, str]:
    """Lose an answer in thirty."""
    return ("Bielefeld" if len(question) % 30 == 0 else answer), "stop"


HARMLESS: Mapping[str, tuple[Pipeline, dict[str, Any]]] = {
    "same again": (FakeModel(), {}),
    "another name": (FakeModel(name="fake-1-2026-11"), {}),
    "other wording": (FakeModel(word=reworded), {}),
    "a longer date in the template": (
        FakeModel(lambda messages: f"{chatml(messages)} 9"),
        {},
    ),
    "a few lost": (FakeModel(word=two_lost), {}),
    "slower": (lambda body: replace(FakeModel()(body), delay_s=0.1), {}),
    "one at a time": (FakeModel(), {"max_concurrency": 1}),
    "another order": (FakeModel(), {"packs": PACKS[::-1]}),
    "a part": (FakeModel(), {"limit": 10}),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_no_fault_is_found_where_there_is_none(name: str, baseline: Path) -> None:
    """What does no harm is at most a notice, and the run passes with every family to fail on."""
    pipeline, settings = HARMLESS[name]
    families = ("template", "tokenizer", "behaviour", "infrastructure")
    report = asked(pipeline, baseline, fail_on=families, **settings)
    assert faults(report) == []
    assert report.passed


def test_lost_token_counts_are_said_and_fail_nothing(baseline: Path) -> None:
    """A server that stops counting tokens gets a notice: its answers are as good as before."""

    def uncounted(body: Body) -> Reply:
        reply = FakeModel()(body)
        assert isinstance(reply.body, dict)
        return Reply(body={key: value for key, value in reply.body.items() if key != "usage"})

    report = asked(uncounted, baseline)
    named = [(one.name, one.level) for one in report.findings]
    assert named == [("token-counts-missing", "notice")]
    assert report.passed


def test_what_is_done_to_the_context_alone_is_the_template(tmp_path: Path) -> None:
    """A passage that is lost, sent twice, or another item's moves the requests that have one."""
    from tqb import baseline as baselines

    pack, base = tmp_path / "own.jsonl", tmp_path / "base.jsonl"
    towns = ("Lund", "Porto", "Graz", "Ghent", "Turku", "Cork", "Brno", "Split", "Varna", "Tartu")
    rows: list[dict[str, str]] = []
    for n, town in enumerate(towns):
        fact = f"{town} lies by the river. " + "It has an old bridge, too. " * (n * 7 % 5)
        rows += [
            {"id": f"with-{n}", "text": f"What is {town} by?", "label": "river", "context": fact},
            {"id": f"bare-{n}", "text": f"Is {town} a town?", "label": "yes"},
        ]
    pack.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    facts = [row["context"] for row in rows if "context" in row]
    prompt = tmp_path / "prompt.yaml"
    prompt.write_text("- role: user\n  content: '{{ context }} {{ input }}'\n", "utf-8")

    def run(change: Callable[[str, str], str], given: Path | None) -> Report:
        def swapped(text: str) -> str:
            fact = next((fact for fact in facts if fact.strip() in text), "")
            return text.replace(fact.strip(), change(fact.strip(), text)) if fact else text

        return asked(FakeModel(asking(swapped)), given, packs=str(pack), prompt=prompt)

    base.write_text(baselines.to_text(baselines.accept(run(lambda fact, _: fact, None))), "utf-8")
    cases: dict[str, Callable[[str, str], str]] = {
        "context-lost": lambda fact, text: "",
        "context-added": lambda fact, text: f"{fact}\n{fact}",
        "context-altered": lambda fact, text: facts[(facts.index(f"{fact} ") + 3) % 10].strip(),
    }
    for name, change in cases.items():
        assert [(one.kind, one.name) for one in faults(run(change, base))] == [("template", name)]
    prompt.write_text("- role: user\n  content: '{{ input }}'\n", "utf-8")
    edited = run(lambda fact, _: fact, base)
    assert [(one.kind, one.name) for one in faults(edited)] == [("template", "context-lost")]


def test_escapes_and_instructions_by_language_are_no_drift_of_the_tokenizer(
    tmp_path: Path,
) -> None:
    """In two scripts, what is put around or in place of letters is told from other pieces."""
    from tqb import baseline as baselines

    packs, base = ("core-en", "core-ru"), tmp_path / "base.jsonl"

    def run(change: Callable[[str], str], given: Path | None) -> Report:
        return asked(FakeModel(asking(change), packs=packs), given, packs=packs)

    base.write_text(baselines.to_text(baselines.accept(run(lambda text: text, None))), "utf-8")
    cases: dict[str, Callable[[str], str]] = {
        "question-altered": lambda text: json.dumps(text)[1:-1],
        "wrapping-changed": lambda text: (
            f"{text} One word, please." if text.isascii() else f"{text} Одним словом, пожалуйста."
        ),
    }
    for name, change in cases.items():
        first = faults(run(change, base))[0]
        assert (first.kind, first.name) == ("template", name)


def test_without_a_baseline_the_absolute_signs_speak() -> None:
    """A lost question, special tokens and torn characters are found in a first run."""
    cases: dict[str, Pipeline] = {
        "question-lost": FakeModel(without("user")),
        "special-tokens-in-answers": TEMPLATE["special tokens in answers"][0],
        "torn-characters": TOKENIZER["U+FFFD"][0],
    }
    for name, pipeline in cases.items():
        assert name in {one.name for one in faults(asked(pipeline))}
    assert faults(asked(FakeModel())) == []
    assert faults(asked(FakeModel(tokenizer=lambda text: 5))) == [], "counts that are made up"


def test_an_edited_prompt_is_said_and_not_taken_for_a_fault(tmp_path: Path, baseline: Path) -> None:
    """A prompt file that is longer but works is a notice; one that breaks answers is a fault."""
    prompt = tmp_path / "prompt.yaml"
    prompt.write_text("- role: user\n  content: 'Answer briefly. {{ input }}'\n", "utf-8")
    notice = asked(FakeModel(), baseline, prompt=prompt)
    assert [one.name for one in notice.findings] == ["prompt-edited"]
    assert notice.passed
    prompt.write_text("- role: user\n  content: 'Answer briefly. {{ language }}'\n", "utf-8")
    broken = asked(FakeModel(), baseline, prompt=prompt)
    assert faults(broken)[0].name == "question-lost"
    assert "was edited since the baseline. The question no longer" in faults(broken)[0].summary


def test_an_edited_pack_is_no_fault_of_the_pipeline(tmp_path: Path) -> None:
    """Where most questions are other ones, the finding says that nothing can be concluded."""
    from tqb import baseline as baselines

    pack, base = tmp_path / "own.jsonl", tmp_path / "base.jsonl"

    def run(text: str, given: Path | None) -> Report:
        rows = [{"id": f"q{n}", "text": text.format(n), "label": "help"} for n in range(8)]
        pack.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return asked(FakeModel(), given, packs=str(pack))

    base.write_text(baselines.to_text(baselines.accept(run("What is {}?", None))), "utf-8")
    report = run("Which number is {}?", base)
    named = [(one.kind, one.name) for one in faults(report)]
    assert named[0] == ("data", "pack-edited")


@pytest.fixture
def sick(tmp_path: Path, baseline: Path) -> Iterator[list[object]]:
    """The words of a run whose system prompt is dropped."""
    with OpenAIServer(FakeModel(without("system"))) as server:
        yield ["run", *PACKS, "--target", f"{server.url}#fake", "--baseline", baseline]


def test_the_finding_stands_first_in_every_output(
    cli: Cli, tmp_path: Path, sick: list[object]
) -> None:
    """Terminal, Markdown, page, JUnit, SARIF, metrics, annotations, JSON: all name the prompt."""
    names = ("run.md", "run.html", "run.junit.xml", "run.sarif", "run.prom", "run.json")
    outputs = [word for name in names for word in ("-o", name)]
    ended = cli(*sick, *outputs, env={"GITHUB_ACTIONS": "true"})
    assert ended.code == 0, ended.err
    lines = [line for line in ended.out.splitlines() if not line.startswith("::stop")]
    assert lines[1].startswith("  template  The system prompt is no longer sent: every request is ")
    assert lines[2].startswith("    next: ")
    for name in names:
        text = (tmp_path / name).read_text("utf-8")
        assert "system-prompt-lost" in text or "The system prompt is no longer sent" in text, name
    assert "system prompt is no longer sent" in next(
        line for line in ended.out.splitlines() if line.startswith("::notice")
    )


def test_fail_on_makes_a_family_a_rule(cli: Cli, sick: list[object]) -> None:
    """A fault of a named family fails the run though no answer changed; others do not."""
    failed = cli(*sick, "--fail-on", "template,tokenizer")
    assert failed.code == 1
    assert "--fail-on template: The system prompt is no longer sent" in failed.out
    assert cli(*sick, "--fail-on", "tokenizer").code == 0
    unknown = cli(*sick, "--fail-on", "templates")
    assert unknown.code == 2
    assert "--fail-on templates: no such family of faults; did you mean template?" in unknown.err
