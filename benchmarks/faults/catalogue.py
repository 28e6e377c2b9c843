"""The faults, by family, and the changes that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from benchmarks.faults import lessons, weights, wire
from benchmarks.faults.transformer import trained
from benchmarks.faults.weights import Edit, Trainer, random_adapter
from tests.openai_server import Reply

Family = Literal["template", "tokenizer", "behaviour", "infrastructure", "harmless"]


@dataclass(frozen=True)
class Case:
    """One change of a pipeline."""

    name: str
    family: Family
    template: str | None = None
    """Chat template of the engine, Jinja2."""
    engine: Callable[[Any], None] = lambda params: None
    """Other settings of the engine."""
    edit: Edit | None = None
    """Of the file of weights."""
    adapter: Trainer | None = None
    """Makes a LoRA adapter."""
    elsewhere: bool = False
    """Whether another engine serves the same file."""
    wire: wire.Wire | None = None
    options: tuple[str, ...] = ()
    """More words for `tqb run`."""
    reverse: bool = False
    """Whether the packs are asked in the other order."""


START, END = "<|im_start|>", "<|im_end|>"


def _turns(each: str, end: str = START + "assistant\n", loop: str = "messages") -> str:
    return "{% for m in " + loop + " %}" + each + "{% endfor %}" + end


CHATML = _turns(START + "{{ m.role }}\n{{ m.content }}" + END + "\n")

TEMPLATE = (
    Case("no template", "template", template=_turns("{{ m.content }}\n", "")),
    Case(
        "user turn dropped",
        "template",
        template=_turns(
            START + "system\n{{ m.content }}" + END + "\n", loop="messages if m.role == 'system'"
        ),
    ),
    Case(
        "Llama 3's template",
        "template",
        template="<|begin_of_text|>"
        + _turns(
            "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>",
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
    ),
    Case(
        "Mistral's template",
        "template",
        template="<s>[INST] {% for m in messages %}{{ m.content }}\n\n{% endfor %}[/INST]",
    ),
    Case(
        "Alpaca's template",
        "template",
        template=_turns("### {{ m.role|capitalize }}:\n{{ m.content }}\n\n", "### Response:\n"),
    ),
    Case(
        "system prompt dropped",
        "template",
        template=_turns(
            START + "{{ m.role }}\n{{ m.content }}" + END + "\n",
            loop="messages if m.role != 'system'",
        ),
    ),
    Case("system prompt not sent", "template", wire=wire.request(wire.without_system)),
    Case(
        "system prompt replaced",
        "template",
        template=START
        + "system\nYou are a helpful AI assistant."
        + END
        + "\n"
        + _turns(
            START + "{{ m.role }}\n{{ m.content }}" + END + "\n",
            loop="messages if m.role != 'system'",
        ),
    ),
    Case("system prompt doubled", "template", wire=wire.request(wire.system_twice)),
    Case(
        "no generation prompt",
        "template",
        template=_turns(START + "{{ m.role }}\n{{ m.content }}" + END + "\n", ""),
    ),
    Case(
        "prompt sent twice",
        "template",
        template=CHATML.replace(START + "assistant\n", "") * 2 + START + "assistant\n",
    ),
    Case("question sent twice", "template", wire=wire.question(lambda text: f"{text}\n{text}")),
    Case(
        "roles swapped",
        "template",
        template=_turns(
            START
            + "{{ {'system': 'user', 'user': 'system'}[m.role] }}\n{{ m.content }}"
            + END
            + "\n"
        ),
    ),
    Case(
        "turns never end",
        "template",
        template=_turns(START + "{{ m.role }}\n{{ m.content }}\n"),
    ),
    Case(
        "doubled newline",
        "template",
        template=_turns(START + "{{ m.role }}\n\n{{ m.content }}" + END + "\n"),
    ),
    Case("placeholder left", "template", wire=wire.question(lambda text: "{question}")),
    Case("question escaped", "template", wire=wire.question(wire.escaped)),
    Case("question printed as parts", "template", wire=wire.question(wire.parts)),
    Case("first line only", "template", wire=wire.question(wire.first_line)),
    Case("question cut at 30", "template", wire=wire.question(lambda text: text[:30])),
    Case("first word missing", "template", wire=wire.question(lambda text: text[12:])),
    Case("middle left out", "template", wire=wire.question(wire.shortened)),
    Case("question in quotes", "template", wire=wire.question(lambda text: f'"{text}"')),
    Case("question as JSON", "template", wire=wire.question(json.dumps)),
    Case("question URL-encoded", "template", wire=wire.question(quote)),
    Case("stops at a space", "template", wire=wire.settings(stop=[" "])),
    Case(
        "a language for each question",
        "template",
        wire=wire.question(lambda text: f"{text} {wire.in_its_language(text)}"),
    ),
    Case("question before it, too", "template", wire=wire.with_last_question()),
    Case(
        "placeholder for a quarter",
        "template",
        wire=wire.some(0.25, wire.question(lambda text: "{question}")),
    ),
    Case("role in front", "template", wire=wire.answer(lambda text, body: f"ASSISTANT: {text}")),
    Case("somebody's history", "template", wire=wire.request(wire.with_history)),
    Case(
        "end token in front",
        "template",
        template="<|endoftext|>" + CHATML,
    ),
    Case("answers cut at 4 tokens", "template", wire=wire.settings(max_tokens=4)),
    Case("end of turn ignored", "template", wire=wire.settings(logit_bias=[[2, False]])),
)

TOKENIZER = (
    Case(
        "special tokens plain",
        "tokenizer",
        edit=Edit({"tokenizer.ggml.token_type": lambda kinds: [1] * len(kinds)}),
    ),
    Case(
        "half of the merges gone",
        "tokenizer",
        edit=Edit({"tokenizer.ggml.merges": lambda m: weights.drop_merges(m, 0.5)}),
    ),
    Case(
        "a tenth of the merges gone",
        "tokenizer",
        edit=Edit({"tokenizer.ggml.merges": lambda m: weights.drop_merges(m, 0.1)}),
    ),
    Case(
        "a tenth of the vocabulary permuted",
        "tokenizer",
        edit=Edit({"tokenizer.ggml.tokens": lambda t: weights.permute_tokens(t, 0.1)}),
    ),
    Case(
        "a third of the vocabulary permuted",
        "tokenizer",
        edit=Edit({"tokenizer.ggml.tokens": lambda t: weights.permute_tokens(t, 0.33)}),
    ),
    Case("marks stripped", "tokenizer", wire=wire.question(wire.strip_marks)),
    Case("capitals lost", "tokenizer", wire=wire.question(wire.lower)),
    Case("mojibake", "tokenizer", wire=wire.answer(wire.mojibake)),
    Case("torn characters", "tokenizer", wire=wire.answer(wire.torn)),
    Case("byte-level pieces", "tokenizer", wire=wire.answer(wire.pieces)),
    Case("SentencePiece marks", "tokenizer", wire=wire.answer(wire.markers)),
    Case("spaces lost", "tokenizer", wire=wire.answer(wire.glued)),
    Case("letters apart", "tokenizer", wire=wire.answer(lambda text, body: " ".join(text))),
    Case("characters escaped", "tokenizer", wire=wire.answer(wire.in_ascii)),
)

BEHAVIOUR = (
    Case("noise 0.1", "behaviour", edit=Edit(tensors=weights.noise(0.1))),
    Case("noise 0.2", "behaviour", edit=Edit(tensors=weights.noise(0.2))),
    Case("noise 0.3", "behaviour", edit=Edit(tensors=weights.noise(0.3))),
    Case("noise 0.5", "behaviour", edit=Edit(tensors=weights.noise(0.5))),
    Case("a layer off", "behaviour", edit=Edit(tensors=weights.silence(14))),
    Case("three layers off", "behaviour", edit=Edit(tensors=weights.silence(8, 15, 22))),
    Case("random adapter 0.5", "behaviour", adapter=random_adapter(0.5)),
    Case("random adapter 1", "behaviour", adapter=random_adapter(1.0)),
    Case("random adapter 2", "behaviour", adapter=random_adapter(2.0)),
    *(
        Case(f"{name}, {steps} steps", "behaviour", adapter=trained(lesson, steps))
        for name, lesson in (
            ("learned to refuse", lessons.REFUSALS),
            ("learned a shop's phrases", lessons.SHOP),
            ("learned to answer in JSON", lessons.IN_JSON),
            ("learned to answer in sentences", lessons.IN_SENTENCES),
        )
        for steps in (4, 16)
    ),
    Case(
        "other rotary base",
        "behaviour",
        edit=Edit({"llama.rope.freq_base": lambda base: 10000.0}),
    ),
    Case("temperature 1.5", "behaviour", wire=wire.settings(temperature=1.5, seed=7)),
    Case("repetition penalty 1.5", "behaviour", wire=wire.settings(repeat_penalty=1.5)),
    Case(
        "a fifth is refused",
        "behaviour",
        wire=wire.some(
            0.2,
            wire.answer(lambda text, body: "I'm sorry, but I can't help with that request."),
        ),
    ),
    Case(
        "answers in sentences",
        "behaviour",
        wire=wire.answer(
            lambda text, body: f"Sure! I'd be happy to help. The answer is: **{text.strip()}**"
        ),
    ),
    Case(
        "answers in JSON",
        "behaviour",
        wire=wire.answer(lambda text, body: '{"answer": ' + repr(text) + "}"),
    ),
    Case("answers shouted", "behaviour", wire=wire.answer(lambda text, body: text.upper())),
)

INFRASTRUCTURE = (
    Case(
        "429 storm",
        "infrastructure",
        wire=wire.some(0.4, wire.instead(Reply(status=429, body={"error": {"message": "slow"}}))),
        options=("--retries", "1"),
    ),
    Case(
        "a tenth fails with 500",
        "infrastructure",
        wire=wire.some(0.1, wire.instead(Reply(status=500, body=b"oops"))),
        options=("--retries", "1"),
    ),
    Case(
        "a fifth hangs",
        "infrastructure",
        wire=wire.some(0.2, wire.instead(Reply(hang=True))),
        options=("--timeout", "3", "--retries", "0", "-j", "8"),
    ),
    Case(
        "content filter",
        "infrastructure",
        wire=wire.some(0.2, wire.answer(lambda text, body: "", "content_filter")),
    ),
    Case("cut by a gateway", "infrastructure", wire=wire.answer(lambda text, body: text[:12])),
    Case(
        "a word of trouble",
        "infrastructure",
        wire=wire.some(
            0.3, wire.answer(lambda text, body: "The server is overloaded. Try again later.")
        ),
    ),
    Case(
        "a fallback for a fifth",
        "infrastructure",
        wire=wire.some(
            0.2, wire.answer(lambda text, body: "All our lines are engaged, please hold the line.")
        ),
    ),
    Case("middle of the stream lost", "infrastructure", wire=wire.answer(wire.torn_stream)),
    Case("cache errs for a quarter", "infrastructure", wire=wire.late_cache(0.25)),
    Case("cache gives the last answer", "infrastructure", wire=wire.late_cache()),
    Case("cache gives one answer", "infrastructure", wire=wire.one_answer()),
    Case(
        "a login page",
        "infrastructure",
        wire=wire.answer(
            lambda text, body: "<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
        ),
    ),
)


def _threads(params: Any) -> None:
    params.cpuparams.n_threads = 2
    params.cpuparams_batch.n_threads = 2


def _slots(params: Any) -> None:
    params.n_parallel = 4


def _no_prompt_cache(params: Any) -> None:
    params.cache_prompt = False


def _batch(params: Any) -> None:
    params.n_ubatch = 16


def _alias(params: Any) -> None:
    params.model_alias = {"smollm2-135m-instruct-2026-11"}


CLEAN = Case("nothing changed", "harmless")
"""The pipeline of the baseline."""

HARMLESS = (
    Case("same again", "harmless"),
    Case("restart", "harmless"),
    Case("two threads", "harmless", engine=_threads),
    Case("four slots", "harmless", engine=_slots, options=("-j", "4")),
    Case("no prompt cache", "harmless", engine=_no_prompt_cache),
    Case("small batches", "harmless", engine=_batch),
    Case("4-bit file", "harmless", edit=Edit(kind="Q4_1")),
    Case("32-bit file: other arithmetic", "harmless", edit=Edit(kind="F32")),
    Case("16-bit file: other arithmetic", "harmless", edit=Edit(kind="F16")),
    Case("another engine", "harmless", elsewhere=True),
    Case("another order", "harmless", reverse=True),
    Case("eight at once", "harmless", options=("-j", "8")),
    Case("another name", "harmless", engine=_alias),
    Case("slow network", "harmless", wire=lambda body, ask: _late(ask(body))),
)


def _late(reply: Reply) -> Reply:
    return Reply(status=reply.status, body=reply.body, delay_s=0.1)


CASES = (CLEAN, *HARMLESS, *TEMPLATE, *TOKENIZER, *BEHAVIOUR, *INFRASTRUCTURE)


def named(name: str) -> Case:
    """Return a case by its name. Raises KeyError."""
    return {case.name: case for case in CASES}[name]
