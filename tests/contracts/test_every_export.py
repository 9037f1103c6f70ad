"""Every experiment as YAML: it reads back equal, the schema takes it, and takes no key that is misspelt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from analysis.rules import rule_named, rule_names
from orchestrator.cli import main
from search_spaces import Event, Recording
from search_spaces._claims import OWN
from search_spaces._files import experiment_named, own_experiment
from search_spaces._schema import schema
from search_spaces._writing import as_yaml
from search_spaces._yaml import plain_data
from trainables.family import rules
from trainables.names import available
from trainables.replica import family_named

NAMES = available("search_spaces")
FREE = {"scales", "expected_steps", "headline", "ranges", "first", "second", "where"}  # hold names of the user's own


@cache
def checker() -> Draft202012Validator:
    """Return what checks data by the schema as an editor would."""
    return Draft202012Validator(schema())


def exported(name: str, folder: Path) -> Any:
    """Return an experiment's YAML as an editor has it: keys are text."""
    (folder / f"{name}.yaml").write_text(as_yaml(own_experiment(name)))
    return json.loads(json.dumps(plain_data(folder / f"{name}.yaml")))


@pytest.mark.parametrize("name", NAMES)
def test_an_export_reads_back_as_the_same_experiment(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", name]) == 0
    file = tmp_path / "copy.yaml"
    file.write_text(capsys.readouterr().out)
    mine, read = own_experiment(name), experiment_named(str(file))
    assert read == mine
    assert {scale: read.registration(scale) for scale in read.scales} == {
        scale: mine.registration(scale) for scale in mine.scales
    }
    assert file.read_text().startswith(f"# {mine.question[:60]}")


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_takes_an_export_and_no_misspelt_key(name: str, tmp_path: Path) -> None:
    data = exported(name, tmp_path)
    assert [f"{fault.json_path}: {fault.message}" for fault in checker().iter_errors(data)] == []
    for holder in mappings(data):
        for key in list(holder):
            value = holder.pop(key)
            holder[f"{key}x"] = value
            assert not checker().is_valid(data), f"{key}x"
            del holder[f"{key}x"]
            holder[key] = value
    assert checker().is_valid(data)


def mappings(data: Any, name: str = "") -> Iterator[dict[str, Any]]:
    """Yield every mapping whose keys are words of ours, not names that users give."""
    inside = data.items() if isinstance(data, dict) else ((name, each) for each in data)
    if isinstance(data, dict) and name not in FREE:
        yield data
    for key, value in inside:
        if isinstance(value, dict | list):
            yield from mappings(value, key if isinstance(data, dict) else name)


def test_the_schema_is_one_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("rule", rule_names())
def test_settings_beside_a_rule_have_names_of_their_own(rule: str) -> None:
    assert not set(rule_named(rule).__dataclass_fields__) & {*OWN, "rule", "settings"}


MINE: dict[str, Any] = {
    "question": "Does width matter?",
    "family": "kl_prior",
    "x": "width",
    "scales": {"laptop": {"axes": {"width": [8, 16]}, "seeds": 3, "budget_steps": 50}},
}
SHARE = {"name": "c", "statement": "s.", "rule": "share_within"}
RATIO = {"name": "c", "statement": "s.", "rule": "ratio_within", "low": 1}
LAPTOP = MINE["scales"]["laptop"]


def with_claim(**claim: Any) -> dict[str, Any]:
    return {**MINE, "claims": [claim]}


def with_scale(**changes: Any) -> dict[str, Any]:
    return {**MINE, "scales": {"laptop": {**LAPTOP, **changes}}}


TAKEN = {
    "the least": MINE,
    "nested settings": with_claim(**SHARE, settings={"low": 0.5}),
    "needed settings that are nested": with_claim(**RATIO, settings={"first": {"width": 8}, "second": {"width": 16}}),
    "arms by one name": with_claim(**RATIO, arm="width", first=8, second=16),
    "arms as mappings": with_claim(**RATIO, first={"width": 8}, second={"width": 16}),
    "seeds in a list": with_scale(seeds=[4, 9]),
    "a grid as text": with_scale(axes={"kl_strength": "log(1e-3, 1, 7)", "width": "8, linear(16, 32, 3)"}),
    "a grid in a list": with_scale(axes={"width": [8, "log(16, 64, 3)"]}),
    "none where it may be": with_scale(fields={"clip_norm": None}),
    "another family": {**with_scale(axes={"width": [8]}, fields={"hidden_width": 4}), "family": "mlp_addition"},
    "a further grid": with_scale(also=[{"width": [32]}]),
}
REFUSED = {
    "no seeds": {**MINE, "scales": {"laptop": {"axes": {"width": [8]}, "budget_steps": 50}}},
    "no axes": {**MINE, "scales": {"laptop": {"seeds": 3, "budget_steps": 50}}},
    "an unknown family": {**MINE, "family": "kl_priro"},
    "an unknown law": {**MINE, "laws": ["powr"]},
    "an unknown rule": with_claim(**{**SHARE, "rule": "share_witin"}, low=0.5),
    "a setting of another rule": with_claim(**SHARE, low=0.5, parameter="exponent"),
    "a misspelt setting that is nested": with_claim(**SHARE, settings={"lwo": 0.5}),
    "a setting that is needed": with_claim(**RATIO, first={"width": 8}),
    "a limit in words": with_claim(**SHARE, low="half"),
    "a field of no family": with_scale(fields={"wdith": 8}),
    "a field of another family": with_scale(fields={"hidden_width": 4}),
    "a field out of its bounds": with_scale(fields={"train_fraction": 1.0}),
    "a field of a wrong type": with_scale(fields={"residual": "yes"}),
    "a choice that there is not": with_scale(fields={"optimizer": "adam"}),
    "a level out of bounds": with_scale(axes={"width": [8, 0]}),
    "a grid of an unknown function": with_scale(axes={"width": ["logs(1, 2, 3)"]}),
    "a grid of texts": with_scale(axes={"width": [8], "optimizer": ["log(1, 2, 3)"]}),
    "a further grid out of bounds": with_scale(also=[{"width": [0]}]),
}


@pytest.mark.parametrize("data", TAKEN.values(), ids=TAKEN)
def test_the_schema_and_the_loader_take_what_people_write(data: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(json.dumps(data))
    assert list(checker().iter_errors(data)) == []
    assert experiment_named(str(tmp_path / "mine.yaml")).question == MINE["question"]


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_the_schema_refuses_what_cannot_be_launched(data: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(json.dumps(data))
    assert not checker().is_valid(data)
    assert main(["show", str(tmp_path / "mine.yaml"), "--storage", str(tmp_path / "runs")]) == 2


@pytest.mark.parametrize("family", available("trainables.families"))
def test_the_schema_takes_just_the_fields_of_a_family(family: str) -> None:
    parts, config = schema()["$defs"], family_named(family).Config
    for kind in ("fields", "axes"):
        assert set(parts[f"{kind}_of_{family}"]["properties"]) == set(rules(config))
    taken = Draft202012Validator(parts[f"fields_of_{family}"])
    assert taken.is_valid({name: field.default for name, field in config.__dataclass_fields__.items()})


def test_events_and_kept_steps_are_exported(tmp_path: Path) -> None:
    event = Event("aligned", column="attention_kl", below=(0.5, 0.1), noun="alignment")
    watched = Recording(events=(event,), end_event="aligned@0.1", keep_steps=(1, 10, 100))
    mine = replace(own_experiment("kl_by_weight_decay"), recording=watched)
    (tmp_path / "mine.yaml").write_text(as_yaml(mine))
    assert mine.faults() == [] and experiment_named(str(tmp_path / "mine.yaml")) == mine
    assert checker().is_valid(json.loads(json.dumps(plain_data(tmp_path / "mine.yaml"))))


def test_a_network_of_ones_own_stays_in_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "your_own_network.md").read_text()
    (tmp_path / "my_net.py").write_text(page.split("```python\n")[1].split("```")[0])
    assert main(["export", str(tmp_path / "my_net.py")]) == 2
    told = capsys.readouterr()
    assert "is none that YAML can name: kl_prior" in told.err and told.err.count("\n") == 1 and told.out == ""


def test_a_value_that_yaml_does_not_have_is_refused(tmp_path: Path) -> None:
    mine = own_experiment("kl_scaling")
    odd = replace(mine, headline={"floor": (b"bytes", "text")})  # type: ignore[dict-item]
    with pytest.raises(LookupError, match=r"b'bytes' cannot be written in YAML; keep the experiment in a Python file"):
        as_yaml(odd)
