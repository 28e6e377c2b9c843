"""The same file of weights in another engine, transformers on torch: served, and fine-tuned.

Needs the packages torch and transformers, which are not among the dev requirements.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults.weights import Adapter, Trainer
from tests.openai_server import Body, OpenAIServer, Reply

NAMES = {
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.down_proj": "ffn_down",
}
"""Names of the adapted matrices in a layer: torch's, and those of the file."""


def load(source: Path) -> tuple[Any, Any]:
    """Return the tokenizer and the model, in 32 bits, on one thread."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    place, name = str(source.parent), source.name
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
    return tokenizer, AutoModelForCausalLM.from_pretrained(place, gguf_file=name, dtype="float32")


@contextmanager
def serve(source: Path) -> Iterator[str]:
    """Serve a file of weights; yield the base URL."""
    tokenizer, model = load(source)
    one_at_a_time = threading.Lock()

    def answer(body: Body) -> Reply:
        with one_at_a_time:
            return _answer(tokenizer, model, body)

    with OpenAIServer(answer) as server:
        yield server.url


def _answer(tokenizer: Any, model: Any, body: Body) -> Reply:
    asked = tokenizer.apply_chat_template(
        body["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    before = asked["input_ids"].shape[1]
    made = model.generate(**asked, max_new_tokens=body["max_tokens"], do_sample=False)
    tokens = made[0][before:].tolist()
    ended = tokens[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")
    text = tokenizer.decode(tokens[:-1] if ended else tokens)
    return Reply(text, finish_reason="stop" if ended else "length", usage=(before, len(tokens)))


def trained(turns: Sequence[tuple[str, str]], steps: int, rank: int = 8) -> Trainer:
    """Return what trains an adapter on questions and answers, `steps` times four of them."""
    return lambda source: _train(source, turns, steps, rank)


def _train(source: Path, turns: Sequence[tuple[str, str]], steps: int, rank: int) -> Adapter:
    import torch

    torch.manual_seed(1)
    tokenizer, model = load(source)
    model.requires_grad_(False)
    pairs = {name: _adapt(linear, rank) for name, linear in _adapted(model)}
    weights = [weight for pair in pairs.values() for weight in pair]
    best = torch.optim.AdamW(weights, lr=2e-3)
    for step in range(steps):
        batch = [turns[(4 * step + place) % len(turns)] for place in range(4)]
        loss = sum(_loss(tokenizer, model, *turn) for turn in batch) / len(batch)
        best.zero_grad()
        loss.backward()
        best.step()
    return {
        name: (first.detach().numpy(), second.detach().numpy())
        for name, (first, second) in pairs.items()
    }


def _adapted(model: Any) -> Iterator[tuple[str, Any]]:
    for number, layer in enumerate(model.model.layers):
        for place, name in NAMES.items():
            yield f"blk.{number}.{name}.weight", layer.get_submodule(place)


def _adapt(linear: Any, rank: int) -> tuple[Any, Any]:
    """Add a product of two small matrices to a layer's output (LoRA, arXiv 2106.09685)."""
    import torch

    rows, columns = linear.weight.shape
    first = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)
    second = torch.nn.Parameter(torch.zeros(rows, rank))

    def add(module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        return output + inputs[0] @ first.T @ second.T

    linear.register_forward_hook(add)
    return first, second


def _loss(tokenizer: Any, model: Any, question: str, answer: str) -> Any:
    """Return the mean cross-entropy of the answer's tokens, the end of the turn among them."""
    turns = [{"role": "user", "content": question}]
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    before = len(tokenizer(asked)["input_ids"])
    both = tokenizer(f"{asked}{answer}<|im_end|>", return_tensors="pt")
    wanted = both["input_ids"].clone()
    wanted[:, :before] = -100  # which torch's cross-entropy leaves out
    return model(**both, labels=wanted).loss
