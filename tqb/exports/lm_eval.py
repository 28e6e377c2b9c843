"""EleutherAI's lm-eval: a task in YAML, and its documents as JSON."""

from __future__ import annotations

from tqb.exports.interface import Exporter, Files, slug, to_yaml
from tqb.exports.table import FIELD, rows, to_text
from tqb.types import Pack

_METRIC = {
    "metric": "exact_match",
    "aggregation": "mean",
    "higher_is_better": True,
    "ignore_case": True,
    "ignore_punctuation": True,
}


def write(pack: Pack) -> Files:
    """Write the task and its documents."""
    name = slug(pack.name)
    task = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "items.json"}, "field": FIELD},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{answers}}",
        "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": 32},
        "metric_list": [_METRIC],
        "metadata": {"version": 1.0},
    }
    return {f"{name}.yaml": to_yaml(task), "items.json": to_text(rows(pack))}


EXPORTER = Exporter(
    name="lm-eval",
    title="lm-evaluation-harness",
    install="pip install 'lm-eval[api]'",
    command="lm_eval run --model local-chat-completions --tasks {name} --include_path . "
    "--apply_chat_template --model_args "
    "model=gpt-4o-mini,base_url=https://api.openai.com/v1/chat/completions",
    loses="An answer is right where its first line is a target, without regard to case and "
    "punctuation; the other columns are passed over.",
    write=write,
)
