"""Whatever is typed, written in an experiment file, or found among the results: one line or success, never a traceback.

Every generated case runs the command line in this process. What it leaves of the storage is compared with what was
there before: nothing may have changed.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from launches import flags, tiny

from analysis import table
from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.study.state import read
from trainables.family import rules
from trainables.replica import family_named

FIELDS = sorted(rules(family_named("kl_prior").Config))
SCALES = ["laptop", "paper"]
FAST = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, -1, 1e308, 2**70, 1e-320]))
values = st.one_of(words, numbers.map(str), st.sampled_from(["", "none", "nan", "inf", "true", ",", "1,", "0.1,0.1"]))
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def spoken(words: list[str]) -> tuple[int, str, str]:
    """Run the command line and return its exit code, stdout and stderr; an exception is a failure."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


def one_line_or_success(words: list[str]) -> int:
    """Run the command line; a refusal must be one line and nothing else, a success must say something."""
    code, out, err = spoken(words)
    assert code in {0, 2}, (code, err)
    if code == 2:
        assert err.startswith("error: ") and err.rstrip("\n").count("\n") == 0 and not out, err
    assert code == 2 or out.strip()
    return code


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A storage with a finished study."""
    made = tiny(tmp_path_factory.mktemp("trained"))
    train(made, silent=True)
    return made.results.root


@contextlib.contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    before = contents(folder)
    yield
    assert contents(folder) == before


@settings(FAST, max_examples=600)
@given(
    sets=st.lists(st.tuples(st.one_of(st.sampled_from(FIELDS), words), values), max_size=3),
    seeds=st.one_of(st.none(), st.integers(-3, 20), words),
    budget=st.one_of(st.none(), st.integers(-3, 10**6), words),
    scale=st.one_of(st.sampled_from(SCALES), words),
    verb=st.sampled_from(["show", "status"]),
)
def test_any_override(trained: Path, sets: Any, seeds: Any, budget: Any, scale: str, verb: str) -> None:
    asked = [verb, "kl_scaling", "--storage", str(trained), f"--scale={scale}"]
    asked += [f"--set={name}={value}" for name, value in sets]
    asked += [] if seeds is None else [f"--seeds={seeds}"]
    asked += [] if budget is None or verb == "status" else [f"--budget-steps={budget}"]
    with unchanged(trained):
        refused = one_line_or_success(asked) == 2
    assert refused or (scale in SCALES and {name for name, _ in sets} <= {*FIELDS})


@settings(FAST, max_examples=150)
@given(
    asked=st.lists(st.one_of(words, st.sampled_from(["show", "fit", "status", "--set", "--json", "kl_scaling", "--"])))
)
def test_any_words(trained: Path, asked: list[str]) -> None:
    with contextlib.chdir(trained.parent), unchanged(trained):
        code, _, err = spoken(["show", *asked])
        assert code in {0, 2} and (code == 0 or err.count("\n") == 1), err
    leftover = trained.parent / "runs"
    assert not leftover.exists() or not contents(leftover)


VALID: dict[str, Any] = {
    "name": "mine",
    "question": "Does it?",
    "family": "kl_prior",
    "x": "kl_strength",
    "scales": {"laptop": {"axes": {"kl_strength": [0.1]}, "fields": {"modulus": 12}, "seeds": 2, "budget_steps": 50}},
    "claims": [{"name": "c", "statement": "s", "rule": "parameter_within", "settings": {"parameter": "exponent"}}],
}


@settings(FAST, max_examples=300)
@given(data=st.data())
def test_any_experiment_file(trained: Path, data: st.DataObject) -> None:
    facts, part = dict(VALID), None
    place = data.draw(
        st.sampled_from([*VALID, "recording", "laws", "primary_law", "threshold", "scale", "claim", "new"])
    )
    if place == "scale":
        part = data.draw(st.sampled_from(["axes", "fields", "seeds", "budget_steps", "more"]))
        facts["scales"] = {"laptop": {**VALID["scales"]["laptop"], part: data.draw(plain)}}
    elif place == "claim":
        part = data.draw(st.sampled_from(["name", "statement", "rule", "settings", "more"]))
        facts["claims"] = [{**VALID["claims"][0], part: data.draw(plain)}]
    else:
        facts[place] = data.draw(plain)
    with tempfile.TemporaryDirectory() as folder, unchanged(trained):
        file = Path(folder) / "mine.yaml"
        file.write_text(yaml.safe_dump(facts))
        refused = one_line_or_success(["show", str(file), "--storage", str(trained)]) == 2
    assert refused or (place != "new" and part != "more")  # which no experiment has


@settings(FAST, max_examples=100)
@given(content=st.one_of(st.binary(max_size=200), words.map(str.encode)), suffix=st.sampled_from(["yaml", "yml"]))
def test_any_bytes_as_an_experiment_file(trained: Path, content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder, unchanged(trained):
        file = Path(folder) / f"mine.{suffix}"
        file.write_bytes(content)
        assert one_line_or_success(["show", str(file), "--storage", str(trained)]) == 2  # too short for an experiment


cells = st.one_of(st.just(""), st.integers(-5, 100).map(str), st.floats().map(str), words)


@settings(FAST, max_examples=120)
@given(
    rows=st.lists(st.tuples(cells, cells, cells, cells), max_size=4),
    named=st.sampled_from([("x", "lo", "hi"), ("x", "x", "x"), ("lo", "hi", "x"), ("no", "lo", "hi")]),
    group=st.sampled_from([[], ["--group", "g"]]),
)
def test_any_table_to_fit(rows: Any, named: tuple[str, str, str], group: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.csv"
        pl.DataFrame([*rows], schema=["x", "lo", "hi", "g"], orient="row").write_csv(file)
        words = ["fit", str(file), "--x", named[0], "--lower", named[1], "--upper", named[2], *group]
        refused = one_line_or_success(words) == 2
    assert refused or (rows and len({*named} - {"no"}) == 3)


def damaged(rows: pl.DataFrame, name: str, value: Any) -> pl.DataFrame:
    """Return a results table with one column replaced by a value of any type."""
    return rows.with_columns(pl.Series(name, [value] * rows.height, strict=False))


@settings(FAST, max_examples=150)
@given(column=st.sampled_from(sorted(table.REPLICA_COLUMNS)), value=plain, drop=st.booleans())
def test_any_result_table(trained: Path, column: str, value: Any, drop: bool) -> None:
    sound = pl.read_parquet(sorted((trained / "replicas").glob("*.parquet")))
    content = io.BytesIO()
    try:
        (sound.drop(column) if drop else damaged(sound, column, value)).write_parquet(content)
    except (pl.exceptions.PolarsError, TypeError, OverflowError):
        assume(False)  # no table can hold this
    _with_table(trained, lambda file: file.write_bytes(content.getvalue()))


@settings(FAST, max_examples=150)
@given(place=st.floats(0, 1), patch=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_any_damage_to_a_table_file(trained: Path, place: float, patch: bytes, cut: bool) -> None:
    content = next((trained / "replicas").glob("*.parquet")).read_bytes()
    at = int(place * len(content))
    spoilt = content[:at] if cut else content[:at] + patch + content[at + len(patch) :]
    _with_table(trained, lambda file: file.write_bytes(spoilt))


def _with_table(trained: Path, write: Any) -> None:
    """Put a damaged table beside the sound ones, ask for the status, and take it away again."""
    file = trained / "replicas" / "zz.parquet"
    try:
        write(file)
        with unchanged(trained):
            code, out, _ = spoken(
                ["status", *flags(trained, budget=60)[1:4], *flags(trained, budget=60)[4:6], *_sets()]
            )
        assert code == 0 and out
        state = read(tiny(trained))
        facts = report.facts_of(state, report.runs_of(state))
        assert sorted(state.rows["id"]) == sorted(replica.id for replica in state.replicas)
        assert (facts["replicas"], facts["missing"]) == (6, 0)  # what is sound counts as before
    finally:
        file.unlink(missing_ok=True)


def _sets() -> list[str]:
    from launches import TINY_SET

    return [word for change in TINY_SET for word in ("--set", change)]
