"""The main job on a real model: SmolLM2-135M behind llama.cpp's server on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.local_model import MODEL, serve, weights

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.skipif(weights() is None, reason="the model's packages are not installed"),
]
FLAGS = ("core-en", "--max-tokens", 16, "--timeout", 300, "-o", "r.json")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Base URL of the served model."""
    with serve() as address:
        yield address


def results(tmp_path: Path) -> list[dict[str, Any]]:
    """Read the last report's results, without what differs between two calls."""
    data = json.loads((tmp_path / "r.json").read_text("utf-8"))["results"]
    for result in data:
        result.pop("latency_s")
        result.pop("first_byte_s")
        result.pop("cost_usd")
    return list(data)


def test_gold_set_directly_and_through_litellm(cli: Cli, tmp_path: Path, url: str) -> None:
    """All 52 items are answered, and by both targets with the same answers, tokens and outcomes."""
    directly = cli("run", *FLAGS, "-m", f"{url}#{MODEL}")
    assert directly.code == 0, directly.out + directly.err
    first = results(tmp_path)
    assert len(first) == 52
    assert all(result["prompt_tokens"] > 20 for result in first)
    assert sum(result["outcome"] == "pass" for result in first) >= 5
    env = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": url}
    by_litellm = cli("run", *FLAGS, "--limit", 12, "-m", f"openai/{MODEL}", env=env)
    assert by_litellm.code == 0, by_litellm.out + by_litellm.err
    assert results(tmp_path) == first[:12]


def test_the_target_local(cli: Cli, tmp_path: Path, url: str) -> None:
    """Without a server, key or price, past any proxy, the model says what a server of it says."""
    cli("run", *FLAGS, "--limit", 8, "--target", f"{url}#{MODEL}")
    first = results(tmp_path)
    env = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    flags = (*FLAGS, "--limit", 8, "--max-cost", 0.01)
    ended = cli("run", *flags, "--target", "local", env={**env, "TQB_API_KEY": "sk-1234567890"})
    assert (ended.code, ended.err) == (0, ""), ended.out + ended.err
    assert "core-en · local · 8 items" in ended.out
    assert "cost $0\n" in ended.out
    assert results(tmp_path) == first


def test_a_model_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    """`local:FILE` is the model in a file; one that llama.cpp cannot load is no wrong answer."""
    ended = cli("run", *FLAGS, "--limit", 2, "--target", f"local:{weights()}")
    assert (ended.code, ended.err) == (0, "")
    assert {one["model"] for one in results(tmp_path)} == {MODEL}
    (tmp_path / "torn.gguf").write_bytes(Path(str(weights())).read_bytes()[:100_000])
    ended = cli("run", *FLAGS, "--target", "local:torn.gguf")
    assert ended.code == 3
    assert "llama.cpp cannot load torn.gguf" in ended.out


def test_regression_by_a_broken_template(cli: Cli, tmp_path: Path, url: str) -> None:
    """A template that lost the question fails the gate; the one that has it passes again."""
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("{{ context }}\n{{ input }} Answer in one word.", "utf-8")
    bad.write_text("Answer in one word. {# {{ input }} #}", "utf-8")
    flags = (*FLAGS, "--limit", 12, "--target", f"{url}#{MODEL}")
    assert cli("run", *flags, "--prompt", good).code == 0
    assert cli("baseline", "accept", "r.json", "-o", "base.jsonl").code == 0
    broken = cli("run", *flags, "--prompt", bad, "--baseline", "base.jsonl")
    assert broken.code == 1
    assert "prompt tokens" in broken.out
    assert cli("run", *flags, "--prompt", good, "--baseline", "base.jsonl").code == 0
