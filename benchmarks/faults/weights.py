"""The model's file, edited: its tokenizer, its tensors, its settings, and small adapters.

Needs the package gguf, which is not among the dev requirements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Array = Any
Tensors = Callable[[str, Array], "Array | None"]
"""Takes a tensor's name and values as float32; None leaves it as it is."""
Adapter = Mapping[str, "tuple[Array, Array]"]
"""Of each adapted matrix (rows × columns) by name: rank × columns, and rows × rank."""
Trainer = Callable[[Path], Adapter]
"""Makes an adapter for a file of weights."""

ADAPTED = ("attn_v.weight", "attn_output.weight", "ffn_down.weight")
"""Matrices that adapters change."""


@dataclass(frozen=True)
class Edit:
    """What is changed in a file of weights."""

    fields: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Metadata by key: a function of the old value."""
    tensors: Tensors | None = None
    kind: str | None = None
    """Quantisation of all matrices, as gguf names it; None keeps each as it was."""


def write(source: Path, goal: Path, edit: Edit) -> Path:
    """Write an edited copy of a GGUF file."""
    import gguf

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(goal, "llama")
    for name, found in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        change = edit.fields.get(name, lambda value: value)
        writer.add_key_value(name, change(found.contents()), found.types[0], _of(found.types))
    for tensor in reader.tensors:
        data, kind = _edited(gguf, tensor, edit)
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return goal


def _of(types: Any) -> Any:
    """Return the type of an array's elements."""
    return types[-1] if len(types) > 1 else None


def _edited(gguf: Any, tensor: Any, edit: Edit) -> tuple[Array, Any]:
    kind = tensor.tensor_type
    matrix = len(tensor.shape) > 1
    values = gguf.quants.dequantize(tensor.data, kind).astype(np.float32)
    changed = edit.tensors(tensor.name, values) if edit.tensors else None
    if changed is None and not (edit.kind and matrix):
        return tensor.data, kind
    values = values if changed is None else changed.astype(np.float32)
    goal = gguf.GGMLQuantizationType[edit.kind] if edit.kind and matrix else kind
    return gguf.quants.quantize(values, goal), goal


def noise(share: float, where: str = "ffn", seed: int = 1) -> Tensors:
    """Add Gaussian noise to the matrices whose name has `where`, in shares of their own spread."""
    draw = np.random.default_rng(seed)

    def change(name: str, values: Array) -> Array | None:
        if where not in name or values.ndim < 2:
            return None
        return values + draw.normal(0, share * values.std(), values.shape).astype(np.float32)

    return change


def silence(*layers: int) -> Tensors:
    """Switch layers off: what they would add is nothing."""
    names = {
        f"blk.{layer}.{part}.weight" for layer in layers for part in ("attn_output", "ffn_down")
    }
    return lambda name, values: values * 0 if name in names else None


def permute_tokens(tokens: list[str], share: float, seed: int = 1) -> list[str]:
    """Let a share of the vocabulary change places; special tokens stay."""
    draw = np.random.default_rng(seed)
    plain = np.array([place for place, token in enumerate(tokens) if not token.startswith("<|")])
    chosen = draw.choice(plain[256:], int(share * len(tokens)), replace=False)
    made = list(tokens)
    for place, other in zip(chosen, draw.permutation(chosen), strict=True):
        made[place] = tokens[other]
    return made


def drop_merges(merges: list[str], share: float, seed: int = 1) -> list[str]:
    """Leave out a share of the merges."""
    kept = np.random.default_rng(seed).random(len(merges)) >= share
    return [merge for merge, keep in zip(merges, kept, strict=True) if keep]


def random_adapter(scale: float, rank: int = 4, seed: int = 1) -> Trainer:
    """Return what makes a LoRA adapter of random directions."""

    def made(source: Path) -> Adapter:
        import gguf

        draw = np.random.default_rng(seed)
        pairs: dict[str, tuple[Array, Array]] = {}
        for tensor in gguf.GGUFReader(source).tensors:
            if not tensor.name.endswith(ADAPTED):
                continue
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            rows, columns = values.shape
            size = scale * float(values.std()) * np.sqrt(np.sqrt(rows * columns) / rank) ** 0.5
            first = draw.normal(0, 1 / np.sqrt(columns), (rank, columns)).astype(np.float32)
            pairs[tensor.name] = first, draw.normal(0, size, (rows, rank)).astype(np.float32)
        return pairs

    return made


def write_adapter(goal: Path, adapter: Adapter) -> Path:
    """Write a LoRA adapter as llama.cpp reads it; its scale is 1."""
    import gguf

    writer = gguf.GGUFWriter(goal, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(len(next(iter(adapter.values()))[0])))
    for name, (first, second) in adapter.items():
        writer.add_tensor(f"{name}.lora_a", np.ascontiguousarray(first, np.float32))
        writer.add_tensor(f"{name}.lora_b", np.ascontiguousarray(second, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return goal
