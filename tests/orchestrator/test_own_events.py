"""An experiment whose law is about an event of its own: declared, refused where it cannot be, launched and reported."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from page_words import words_of_html
from tiny import TINY, tiny_replica

from analysis.criteria import Event
from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.study import horizon
from orchestrator.study.state import read
from orchestrator.study.study import Options, Study, study_of
from orchestrator.tracking.mlflow_runs import _outcome
from orchestrator.verbs.facts import plan_facts, show_lines
from search_spaces._files import experiment_named
from trainables import loop
from trainables.pack import Pack
from trainables.recording import Recording

SOFT, TIGHT, LEARNED = 0.6, 0.2, 0.3
YAML = f"""
question: Does a stronger prior align attention sooner?
family: kl_prior
x: kl_strength
laws: [constant, power]
event: aligned@{TIGHT}
threshold: {LEARNED}
recording:
  end: budget
  thresholds: [{LEARNED}, 0.99]
  grid_min_steps: 2
  events:
    - {{name: aligned, column: attention_kl, below: [{SOFT}, {TIGHT}], noun: alignment}}
    - {{name: same, column: test_accuracy, above: {LEARNED}}}
    - {{name: fitted, column: train_loss, below: 1.0}}
scales:
  laptop:
    axes: {{kl_strength: [0.3, 1.0, 3.0]}}
    fields: {TINY}
    seeds: 3
    budget_steps: 200
claims:
  - {{name: sooner, statement: Alignment comes sooner., rule: parameter_within,
     settings: {{parameter: exponent, low: 0}}}}
  - {{name: soft_sooner, statement: So does a little of it., rule: parameter_within,
     settings: {{parameter: exponent, low: 0, quantity: aligned@{SOFT}}}}}
  - {{name: waits_as_long, statement: What was learned came late., rule: slope_within,
     settings: {{term: kl_strength, low: -1, quantity: fitted after aligned@{SOFT}}}}}
  - {{name: most, statement: Most runs align., rule: share_within, settings: {{low: 0.5}}}}
"""


def own(folder: Path, storage: Path, text: str = YAML, name: str = "mine", **words: Any) -> Study:
    """Return the study of an experiment of one's own."""
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return study_of(Options(name=str(folder / f"{name}.yaml"), storage=str(storage), backend="in_process", **words))


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("own")
    made = own(folder, folder / "runs")
    assert train(made, silent=True)
    return made


def crossings(made: Study, name: str) -> list[tuple[Any, ...]]:
    """Return (id, threshold, ends of both intervals, relapses) of one event in every row that the study sees."""
    found = horizon.rows_of(made).explode("events").unnest("events").sort("id", "threshold")
    parts = ("lower", "upper", "sustained_lower", "sustained_upper", "relapses")
    return found.filter(found["name"] == name).select("id", "threshold", *parts).rows()


def test_law_answer_tables_and_claims_are_about_the_event(launched: Study) -> None:
    facts = report.write(read(launched))
    folder = report.folder_of(launched)
    page = words_of_html((folder / "index.html").read_text())
    assert facts["event"]["name"] == "aligned" and facts["event"]["threshold"] == TIGHT
    seen = [row for row in crossings(launched, "aligned") if row[1] == TIGHT and row[3] is not None]
    assert facts["events"] == len(seen) > 3
    assert facts["formula"].startswith("alignment step T = ")
    assert "A larger" not in facts["answer"] and "reached alignment within" in facts["answer"]
    assert "brings the alignment step" in facts["answer"] and "grok" not in facts["answer"]
    assert "The alignment step is the first evaluation at which D_KL(oracle ‖ attention) is at most 0.2." in page
    assert "grok step" not in page and "Alignment step against" in page and f"aligned at {TIGHT}" in page
    assert [row["threshold"] for row in facts["sensitivity"]] == [SOFT, TIGHT]
    by_name = {claim["name"]: claim for claim in facts["claims"]}
    assert by_name["soft_sooner"]["statistic"].endswith(f"for the alignment step at {SOFT}")
    assert by_name["waits_as_long"]["statistic"].endswith(
        f"for the fitted step at 1 counted from the alignment step at {SOFT}"
    )
    assert by_name["soft_sooner"]["effect"] != by_name["sooner"]["effect"] is not None
    assert "runs that reached alignment by step" in by_name["most"]["statistic"]
    assert (folder / "figures" / "law.svg").is_file() and not (folder / "figures" / "phases.svg").exists()
    assert json.loads((folder / "report.json").read_text())["event"] == facts["event"]


def test_status_counts_the_event_by_its_name(launched: Study) -> None:
    facts = plan_facts(launched)
    assert f"  event = aligned@{TIGHT}: attention_kl at most {TIGHT}" in list(show_lines(launched, facts))
    assert facts["event"] == f"aligned@{TIGHT}" and facts["by_outcome"]["aligned"] > 3


def test_the_published_table_can_be_fitted_by_the_event(launched: Study) -> None:
    report.write(read(launched))
    table = report.folder_of(launched) / "replicas.csv"
    columns = ["--lower", f"aligned_{TIGHT}_lower", "--upper", f"aligned_{TIGHT}_upper"]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["fit", str(table), "--x", "kl_strength", *columns, "--group", "data_seed", "--json"]) == 0
    (fit,) = (each for each in json.loads(out.getvalue())["fits"] if each["law"] == "power")
    stored = json.loads((report.folder_of(launched) / "report.json").read_text())
    (told,) = (each for each in stored["fits"] if each["law"] == "power")
    assert fit["parameters"]["exponent"]["estimate"] == pytest.approx(told["parameters"]["exponent"]["estimate"])


def test_an_event_on_test_accuracy_has_the_intervals_of_the_built_in_one(launched: Study) -> None:
    built_in = [row for row in crossings(launched, "grokked") if row[1] == LEARNED]
    assert crossings(launched, "same") == built_in and any(row[3] is not None for row in built_in)


def test_mlflow_gets_the_step_of_every_event(launched: Study) -> None:
    for row in launched.rows().iter_rows(named=True):
        steps = {(event["name"], event["threshold"]): event["upper"] for event in row["events"]}
        if steps["grokked", LEARNED] and steps["aligned", TIGHT]:
            break
    metrics = {each.key: each.value for each in _outcome(row, launched.experiment, 0)}
    assert metrics["grok_step"] == steps["grokked", LEARNED] and metrics["censored"] == 0
    assert metrics[f"alignment_step_{TIGHT}"] == steps["aligned", TIGHT]
    assert metrics["same_step"] == steps["same", LEARNED]


def test_a_study_with_a_smaller_budget_sees_the_event_as_its_own_launch_would(launched: Study, tmp_path: Path) -> None:
    short = YAML.replace("budget_steps: 200", "budget_steps: 60")
    cut, fresh = own(tmp_path, launched.results.root, short, "short"), own(tmp_path, tmp_path / "runs", short, "short")
    assert train(fresh, silent=True)
    assert crossings(cut, "aligned") == crossings(fresh, "aligned")
    assert len({row[3] for row in crossings(cut, "aligned")}) > 2


@pytest.mark.parametrize(
    "change, fault",
    [
        (
            ("attention_kl", "atention_kl"),
            "unknown column 'atention_kl' (did you mean 'attention_kl'?)",
        ),
        (("attention_kl", "score_variance"), "needs recording.probes with structure"),
        ((f"event: aligned@{TIGHT}", "event: algined"), "unknown event 'algined' (did you mean 'aligned'?)"),
        ((f"event: aligned@{TIGHT}", "event: aligned@7"), "unknown event 'aligned@7'"),
        (("name: same", "name: grokked"), "is none of grokked, memorised"),
        (("name: same", "name: aligned"), "event 'aligned' is declared twice"),
        ((f"quantity: aligned@{SOFT}", "quantity: alined"), "quantity = 'alined' must be one of grokked, delay"),
        ((f"fitted after aligned@{SOFT}", "fitted after fitted"), "or two events joined by ' after '"),
        (("event: aligned", "endings: [{where: {width: 8}, event: aligned}]\nevent: aligned"), "width is no axis"),
        (("end: budget", "end: budget\n  end_event: aligned"), "needs recording.end = 'event'"),
    ],
)
def test_what_cannot_be_watched_for_is_refused_before_anything_is_trained(
    change: tuple[str, str], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text(YAML.replace(*change), encoding="utf-8")
    storage = tmp_path / "runs"
    assert main(["launch", str(tmp_path / "mine.yaml"), "--backend", "in_process", "--storage", str(storage)]) == 2
    told = capsys.readouterr().err
    assert fault in told and told.count("\n") == 1 and not storage.exists()


def test_an_event_that_ends_watching_ends_it_at_its_own_step() -> None:
    event = Event("aligned", column="attention_kl", below=SOFT)
    recording = Recording(events=(event,), end_event="aligned", confirmation_steps=20)
    pack = Pack([tiny_replica(seed, recording=recording, kl_strength=3.0) for seed in range(2)])
    loop.advance(pack, last_step=200)
    for _, finished in loop.settle(pack, last_step=200):
        found = next(each for each in finished.events if each.name == "aligned")
        assert finished.status == "observed" and found.sustained_upper is not None
        assert 20 <= finished.curve.steps[-1] - found.sustained_upper < 40
        assert not any(each.upper for each in finished.events if each.name == "grokked" and each.threshold == 0.99)


def test_arms_end_by_events_of_their_own(tmp_path: Path) -> None:
    ending = f"endings: [{{where: {{kl_strength: 3.0}}, event: aligned@{SOFT}}}]\nevent: aligned"
    until = YAML.replace("end: budget", "end: event")
    mixed = own(tmp_path, tmp_path / "runs", until.replace("event: aligned", ending))
    by_level = {each.config["kl_strength"]: each.recording for each in mixed.asked.replicas("laptop")}
    assert by_level[3.0].end_event == f"aligned@{SOFT}" and by_level[0.3].end_event is None
    alone = own(tmp_path, tmp_path / "runs", until, "alone")
    ids = [{each.id for each in made.asked.replicas("laptop")} for made in (mixed, alone)]
    assert len(ids[0] & ids[1]) == 6  # the other arms are the replicas that they are without it
    assert mixed.experiment.registration("laptop") != alone.experiment.registration("laptop")
    assert train(mixed, silent=True)
    rows = {row["id"]: row for row in mixed.rows().iter_rows(named=True)}
    for replica in mixed.asked.replicas("laptop"):
        if replica.config["kl_strength"] == 3.0:
            assert rows[replica.id]["status"] == "observed" and rows[replica.id]["steps"] < 200


def test_a_column_that_the_network_does_not_have_is_named_at_the_first_evaluation() -> None:
    recording = Recording(events=(Event("clamped", column="attention_clamped", above=0.5),))
    pack = Pack([tiny_replica(recording=recording)])
    loop.advance(pack, last_step=200, steps=1)
    with pytest.raises(ValueError, match="'clamped' needs the column 'attention_clamped'"):
        loop.settle(pack, last_step=200)


def test_ids_hash_what_is_watched_for_and_not_its_words() -> None:
    def of_first_version(recording: Recording) -> str:
        return replace(tiny_replica(recording=recording), version=1).id

    def named(**words: Any) -> str:
        return of_first_version(Recording(events=(Event("aligned", column="attention_kl", **words),)))

    assert named(below=0.1) == named(below=(0.1,)) == named(below=0.1, noun="alignment")
    others = {named(below=0.2), named(above=0.1), named(below=0.1, sustained=True), of_first_version(Recording())}
    assert len(others | {named(below=0.1)}) == 5
    assert named(below=0.1, sustained=False) == named(below=0.1) == "8bcb29108baa"  # as before there was the choice
    assert tiny_replica(recording=Recording(events=(), end_event=None)).id == tiny_replica().id


def test_the_registration_holds_the_event(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(YAML.replace(f"event: aligned@{TIGHT}", "event: same"), encoding="utf-8")
    one, other = (experiment_named(str(tmp_path / f"{name}.yaml")).registration("laptop") for name in "ab")
    assert one != other


def test_a_report_on_what_was_there_from_the_start_says_so(tmp_path: Path) -> None:
    early = YAML.replace(f"event: aligned@{TIGHT}", "event: early")
    early = early.replace(
        "    - {name: same,", "    - {name: early, column: attention_kl, below: 99}\n    - {name: same,"
    )
    made = own(tmp_path, tmp_path / "runs", early.replace("budget_steps: 200", "budget_steps: 20"), "early")
    assert train(made, silent=True)
    facts = report.write(read(made))
    assert facts["since_start"] == facts["events"] == 9 and not facts["fits"]
    assert facts["answer"].startswith("Of the law nothing can be said yet")
    assert facts["claims"][0]["verdict"] == "undecided" and facts["claims"][-1]["effect"] == 1.0
    assert "9 runs had it at step 0 already" in (report.folder_of(made) / "report.md").read_text()
