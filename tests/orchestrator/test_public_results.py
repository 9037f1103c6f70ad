"""``orchestrator.results``: the runs of a study as the table that its report has."""

from __future__ import annotations

from pathlib import Path

import pytest
from launches import tiny
from made_rows import made_rows, publish

import orchestrator
from analysis import load
from orchestrator.reports import report
from orchestrator.storage.results import BadInputError
from orchestrator.study.state import read
from orchestrator.study.study import Options, study_of


@pytest.mark.parametrize("name", ["four_phases", "fastest_grokking"])
def test_results_are_the_table_of_the_report(name: str, tmp_path: Path) -> None:
    study = study_of(Options(name=name, storage=str(tmp_path)))
    publish(study.results, made_rows(study))
    report.write(read(study))
    found = orchestrator.results(name, storage=str(tmp_path))
    stored = load(report.folder_of(study) / "replicas.csv")
    assert found.height == len(study.experiment.replicas("laptop")) > 0
    assert found.columns == stored.columns and found.write_csv() == stored.write_csv()


def test_results_of_a_changed_study_are_asked_for_like_it(tmp_path: Path) -> None:
    study = tiny(tmp_path)
    publish(study.results, made_rows(study))
    changes = study.options.changes
    found = orchestrator.results("kl_scaling", storage=str(tmp_path), changes=changes, seeds=2)
    assert sorted(found["id"]) == sorted(replica.id for replica in study.experiment.replicas("laptop"))
    assert orchestrator.results("kl_scaling", storage=str(tmp_path)).is_empty()


def test_what_is_skipped_is_warned_of(tmp_path: Path) -> None:
    study = tiny(tmp_path)
    publish(study.results, made_rows(study))
    (file,) = (tmp_path / "replicas").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="is skipped: torn or altered"):
        orchestrator.results("kl_scaling", storage=str(tmp_path))


def test_bad_input_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="did you mean 'kl_scaling'"):
        orchestrator.results("kl_scalin", storage=str(tmp_path))
