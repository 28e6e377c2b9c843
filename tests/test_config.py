"""Settings files: found, checked, and outranked by flags and environment."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.conftest import RIGHT, Cli, write_answers, write_items
from tqb.config import SETTINGS, find, load, unknown_environment
from tqb.errors import ConfigError


def config(tmp_path: Path, text: str, name: str = "tqb.toml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_nearest_file_is_found(tmp_path: Path) -> None:
    """The search goes upward; a pyproject.toml counts when it has a [tool.tqb]."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    assert find(folder) is None or tmp_path not in find(folder).parents  # type: ignore[union-attr]
    top = config(tmp_path, "", "tqb.toml")
    config(tmp_path / "a", "[tool.other]\n", "pyproject.toml")
    assert find(folder) == top
    nearer = config(tmp_path / "a", "[tool.tqb]\n", "pyproject.toml")
    assert find(folder) == nearer


def test_values_and_paths(tmp_path: Path) -> None:
    """Values keep their types; what names a file is relative to the settings file."""
    path = config(
        tmp_path,
        'packs = ["core-en", "my/pack"]\ntarget = "replay:a.jsonl"\nprompt = "p.txt"\n'
        'fail-under = 1\noutput = ["run.json"]\n',
    )
    assert load(path).values == {
        "packs": ["core-en", str(tmp_path / "my/pack")],
        "target": f"replay:{tmp_path / 'a.jsonl'}",
        "prompt": str(tmp_path / "p.txt"),
        "fail_under": 1,
        "output": [str(tmp_path / "run.json")],
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('\ntaget = "demo"', ":2: 'taget' is not a setting; did you mean target?"),
        ("fail_under = 0.9", ":1: 'fail_under' is not a setting; did you mean fail-under?"),
        ("zzz = 1", ":1: 'zzz' is not a setting; see `tqb run --help`"),
        ('fail-under = "0.9"', ":1: fail-under = '0.9': Input should be a valid number"),
        ("repeats = 1.5", ":1: repeats = 1.5: Input should be a valid integer"),
        ("repeats = 0", ":1: repeats = 0: Input should be greater than or equal to 1"),
        ("fail-under = 90", ":1: fail-under = 90: Input should be less than or equal to 1"),
        ('packs = "core-en"', ":1: packs = 'core-en': Input should be a valid list"),
        ('scorer = "best"', ":1: scorer = 'best': Input should be 'default', 'exact'"),
        ("a = ", ":1: not TOML"),
        ('[run]\ntarget = "x"', ":1: 'run' is not a setting"),
        ('\n[[suites]]\nname = "x"', ":2: 'suites' is not a setting; did you mean suite?"),
        ('shard = "1-2"', ":1: shard = '1-2': wanted K/N"),
    ],
)
def test_mistake_is_one_sentence(tmp_path: Path, text: str, wanted: str) -> None:
    """A slip is named with file and line, and with what was probably meant."""
    path = config(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert f"{path}{wanted}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_line_in_pyproject_is_that_of_our_table(tmp_path: Path) -> None:
    """A key of another tool's table is not taken for ours."""
    path = config(tmp_path, "[tool.x]\nrepeats = 0\n[tool.tqb]\nrepeats = 0\n", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:4: repeats"):
        load(path)


def test_table_that_is_none(tmp_path: Path) -> None:
    """An array of tables in pyproject.toml is said to be no table."""
    path = config(tmp_path, "[[tool.tqb]]\nlimit = 1\n", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"tqb is not a table; write \[tool\.tqb\]"):
        load(path)


@pytest.mark.parametrize(
    "text", ["tool.tqb.limit = 3", "[tool]\ntqb = { limit = 3 }", '[tool."tqb"]\nlimit = 3']
)
def test_every_spelling_of_our_table_counts(tmp_path: Path, text: str) -> None:
    """A pyproject.toml is ours when TOML says that it has tool.tqb, and not for a mere mention."""
    path = config(tmp_path, text, "pyproject.toml")
    assert find(tmp_path) == path
    assert load(path).values == {"limit": 3}
    config(tmp_path, "# [tool.tqb] goes here\n[tool.tqbx]\nlimit = 3\n", "pyproject.toml")
    assert find(tmp_path) != path


def test_a_program_beside_the_settings_stays_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`cmd:./ask.sh` is never looked for on the PATH, however the file is named."""
    path = config(tmp_path, 'target = "cmd:./ask.sh --fast"')
    program = shlex.split(str(load(path).values["target"]).removeprefix("cmd:"))[0]
    assert Path(program) == tmp_path / "ask.sh"
    monkeypatch.chdir(tmp_path)
    assert load(Path(path.name)).values["target"] == "cmd:./ask.sh --fast"


def test_environment_typos_are_named() -> None:
    """A TQB_ variable that is no setting is named, with the nearest that is one."""
    assert unknown_environment(["TQB_TRAGET", "TQB_TARGET", "HOME"]) == [
        "TQB_TRAGET is not a setting of tqb; did you mean TQB_TARGET?"
    ]


def test_flag_beats_environment_beats_file_beats_default(
    cli: Cli, tmp_path: Path, capitals: Path
) -> None:
    """The four sources of a setting outrank each other in the documented order."""
    write_answers(tmp_path / "answers.jsonl", **RIGHT)
    config(tmp_path, f'packs = ["{capitals.name}"]\ntarget = "replay:answers.jsonl"\nlimit = 2\n')

    def asked(*flags: str, **env: str) -> int:
        ended = cli("run", "-o", "r.json", *flags, env=env)
        assert ended.code == 0, ended.err
        return len(json.loads((tmp_path / "r.json").read_text("utf-8"))["results"])

    assert asked() == 2
    assert asked(TQB_LIMIT="3") == 3
    assert asked("--limit", "1", TQB_LIMIT="3") == 1
    config(tmp_path, f'packs = ["{capitals.name}"]\ntarget = "replay:answers.jsonl"\n')
    assert asked() == 4


def test_file_above_the_current_folder_holds(cli: Cli, tmp_path: Path, capitals: Path) -> None:
    """From a subfolder the settings of the folder above hold, paths included."""
    write_answers(tmp_path / "answers.jsonl", **RIGHT)
    config(tmp_path, f'packs = ["./{capitals.name}"]\ntarget = "replay:answers.jsonl"\n')
    below = tmp_path / "below"
    below.mkdir()
    ended = cli("run", "--fail-under", 1, cwd=below)
    assert ended.code == 0, ended.err


def test_targets_of_a_file_above_are_found_from_below(cli: Cli, tmp_path: Path) -> None:
    """A module and a pack beside the settings file are found from a subfolder."""
    (tmp_path / "app.py").write_text("def answer(question):\n    return 'Paris'\n", "utf-8")
    write_items(tmp_path / "shop.jsonl", {"text": "Capital of France?", "label": "Paris"})
    config(tmp_path, 'packs = ["shop.jsonl"]\ntarget = "python:app:answer"\nfail-under = 1\n')
    (tmp_path / "below").mkdir()
    ended = cli("run", cwd=tmp_path / "below")
    assert ended.code == 0, ended.err + ended.out


def test_mistake_in_the_file_ends_in_2(cli: Cli, tmp_path: Path) -> None:
    """A bad settings file is a usage error without a traceback."""
    config(tmp_path, "fail-undr = 0.9\n")
    ended = cli("run")
    assert ended.code == 2
    assert ended.err == (
        "error: tqb.toml:1: 'fail-undr' is not a setting; did you mean fail-under?\n"
    )


def test_mistake_in_the_environment_ends_in_2(cli: Cli) -> None:
    """A bad value in the environment names the flag it stands for."""
    ended = cli("run", env={"TQB_FAIL_UNDER": "lots"})
    assert ended.code == 2
    assert "TQB_FAIL_UNDER" in ended.err or "--fail-under" in ended.err


def test_every_setting_is_a_flag_and_stands_in_the_template(cli: Cli, tmp_path: Path) -> None:
    """`tqb run --help` knows each setting, and `tqb init` writes each, commented."""
    shown = cli("run", "--help").out
    assert cli("init").code == 0
    written = (tmp_path / "tqb.toml").read_text("utf-8")
    for name in SETTINGS:
        assert name == "packs" or f"--{name}" in shown
        assert f"{name} = " in written


def test_template_uncommented_is_valid(cli: Cli, tmp_path: Path) -> None:
    """Every line that `tqb init` writes as a comment is a valid setting."""
    (tmp_path / "app.py").write_text("def answer(question):\n    return '?'\n", "utf-8")
    assert cli("init", "--target", "python:app:answer").code == 0
    lines = (tmp_path / "tqb.toml").read_text("utf-8").splitlines()
    settings = [line.removeprefix("# ") for line in lines if " = " in line or "[[" in line]
    path = config(tmp_path, "\n".join(settings))
    (suite,) = load(path).suites
    assert len(suite["target"]) == len(suite["prompt"]) == 2
    assert load(path).values.keys() == {name.replace("-", "_") for name in SETTINGS}
    assert load(path).values["target"] == "python:app:answer"
