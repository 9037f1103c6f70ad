"""Files of the user's that are bombs, no files, or code that goes wrong: one line, exit code 2, at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli import main
from search_spaces._content import MOST_BYTES
from search_spaces._yaml import MOST_NODES, as_text, plain_data


def bomb(width: int, levels: int) -> str:
    """Return aliases of aliases: width ** levels values in a few hundred bytes."""
    lines = ["a0: &a0 [x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)]
    return "\n".join(lines)


BOMBS = {
    "billion laughs": bomb(10, 9),
    "laughs that fill the memory": bomb(40, 30),
    "merge keys": "a: &a {k: 1}\n"
    + "\n".join(f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}' if n else '*a'] * 50)}]}}" for n in range(9)),
    "a deep chain of aliases": "\n".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else 'x'}]" for n in range(200)),
    "an anchor within itself": "a: &a [*a]",
    "an anchor within its own mapping": "scales: &s {laptop: {axes: *s}}",
    "brackets": "[" * 100_000,
    "braces": "{a: " * 20_000,
    "indentation": "\n".join(" " * n + "a:" for n in range(600)),
    "dashes": "- " * 50_000,
    "many values": f"[{'1,' * (MOST_NODES + 1)}]",
    "many bytes": "#" * (MOST_BYTES + 1),
    "a key twice": "family: kl_prior\nfamily: other",
    "a tag that runs code": "!!python/object/apply:os.system ['true']",
    "an unknown tag": "x: !mine 3",
    "two documents": "a: 1\n---\nb: 2",
    "a control character": "question: \x00",
    "a digit a hundred thousand times": "a: " + "9" * 100_000,
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_yaml_bomb_is_refused_before_it_is_expanded(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(LookupError, match=r"mine\.yaml") as fault:
        plain_data(tmp_path / "mine.yaml")
    assert "\n" not in str(fault.value) and len(str(fault.value)) < 1000


def test_aliases_and_merge_keys_of_a_usual_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("base: &b {width: 8, modulus: 11}\nlaptop: {<<: *b, width: 16}\nagain: *b")
    found = plain_data(tmp_path / "mine.yaml")
    assert found["laptop"] == {"width": 16, "modulus": 11} and found["again"] == found["base"]


@pytest.mark.parametrize(
    "text, value",
    [
        ("1e-1", 0.1),
        ("1e5", 1e5),
        (".5e-1", 0.05),
        ("-2E+3", -2000.0),
        ("1.", 1.0),
        ("+.5", 0.5),
        ("1_000", 1000),
        ("1_000.5", 1000.5),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1:30", "1:30"),
        ("1_", "1_"),
        ("e5", "e5"),
        ("'1e-1'", "1e-1"),
        ("1e-1 s", "1e-1 s"),
        ("no", "no"),
        ("true", True),
        ("null", None),
        ("", None),
        ("2026-01-01", "2026-01-01"),
        ("-.inf", float("-inf")),
    ],
)
def test_yaml_numbers_are_what_people_mean(text: str, value: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"value: {text}")
    found = plain_data(tmp_path / "mine.yaml")["value"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        *("1e-1", "010", "0x1F", "1_000", "1:30", "no", "yes", "null", "~", "", "<<", "=", "2026-01-01", ".inf", "nan"),
        *(" x ", "a: b", "a #b", "- x", "'", '"', "{x}", "a\nb", "λ", "\u2028", "\x85", "\t", "\\"),
        *("%x", "@x", "&a", "*a", "!x", "a" * 200, "a " * 200),
        *(0, -7, 10**20, 0.1, 1e-9, 1e300, -0.0, float("inf"), True, None, [], {}, [[1], []], {"a": {"b": [None]}}),
    ],
)
def test_what_is_written_as_yaml_is_read_back(value: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(as_text({"value": value, "list": [value]}, width=80), encoding="utf-8")
    found = plain_data(tmp_path / "mine.yaml")
    assert found == {"value": value, "list": [value]} and type(found["value"]) is type(value)


CODE = {
    "raises": ("x = 1\nraise RuntimeError('no\\nsuch luck')", "line 2: RuntimeError: no such luck"),
    "raises within a function": ("def f():\n    return {}['k']\nf()", "line 2: KeyError: 'k'"),
    "asserts": ("assert False, 'never'", "line 1: AssertionError: never"),
    "exits": ("import sys\nsys.exit()", "line 2: SystemExit: the file ends the program"),
    "exits with 0": ("import sys\nsys.exit(0)", "line 2: SystemExit"),
    "exits with a text": ("raise SystemExit('bye')", "line 1: SystemExit"),
    "recurses": ("def f(): return f()\nf()", "line 1: RecursionError"),
    "raises what is no Exception": ("class Odd(BaseException): ...\nraise Odd", "line 2: Odd: no message"),
    "raises what cannot be told": (
        "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd",
        "line 3: Odd: its message cannot be made",
    ),
    "is no Python": ("x = 1\ny = (", "line 2: SyntaxError"),
    "has a null byte": ("x = '\0'", "mine.py"),
    "is not UTF-8": ("x = 'ä'", "mine.py"),
    "imports what is missing": ("import no_such_module", "line 1: ModuleNotFoundError: No module named"),
    "imports beside itself": ("from . import other", "line 1: ImportError"),
    "builds an experiment wrongly": (
        "from search_spaces._experiment import Experiment\nEXPERIMENT = Experiment(nam='x')",
        "line 2: TypeError",
    ),
    "names a rule where one belongs": (
        "from dataclasses import replace\nfrom search_spaces.kl_scaling import EXPERIMENT as E\n"
        "EXPERIMENT = replace(E, claims=(replace(E.claims[0], rule='floor_share'),))",
        "'floor_share' is no rule; write one such as ParameterWithin('exponent', low=0.8)",
    ),
    "defines something else": ("EXPERIMENT = {'name': 'x'}", "an EXPERIMENT that is no Experiment but dict"),
    "defines nothing": ("", "defines no EXPERIMENT"),
    "defines one lazily and fails": ("def __getattr__(name): raise OSError(name)", "line 1: OSError: EXPERIMENT"),
    "puts in what cannot be copied": (
        "from dataclasses import replace\nfrom search_spaces.kl_scaling import EXPERIMENT as E\n"
        "EXPERIMENT = replace(E, recording=(n for n in 'a'))",
        "does not describe an experiment",
    ),
}


@pytest.mark.parametrize("code, expected", CODE.values(), ids=CODE)
def test_a_python_file_that_goes_wrong_is_told_with_its_line(
    code: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_bytes(code.encode("latin-1"))
    assert main(["show", str(tmp_path / "mine.py"), "--storage", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and "mine.py" in err and expected in err


def test_an_interrupt_within_a_users_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise KeyboardInterrupt")
    assert main(["show", str(tmp_path / "mine.py"), "--storage", str(tmp_path / "runs")]) == 130


def test_what_a_users_file_prints_stays_out_of_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "print('hello')\nfrom search_spaces.kl_scaling import EXPERIMENT"
    (tmp_path / "mine.py").write_text(code)
    assert main(["show", str(tmp_path / "mine.py"), "--storage", str(tmp_path / "runs"), "--json"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("{") and "hello" in told.err


@pytest.mark.parametrize("name", ["json.py", "torch.py", "analysis.py", "kl_scaling.py"])
def test_a_users_file_may_be_named_like_a_module(name: str, tmp_path: Path) -> None:
    code = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport json, analysis\n"
        "@dataclass\nclass Mine:\n    x: int = json.loads('1')\nfrom search_spaces.kl_scaling import EXPERIMENT"
    )
    (tmp_path / name).write_text(code)
    assert main(["show", str(tmp_path / name), "--storage", str(tmp_path / "runs")]) == 0


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop", "nothing", "long"])
def test_what_is_no_regular_file_is_refused_at_once(
    kind: str, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"mine{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "long":
        path = tmp_path / f"{'x' * 300}{suffix}"
    assert main(["show", str(path), "--storage", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and err.count("\n") == 1 and "keep" not in err
