"""Pages are their texts with the published numbers in place, and whatever else stands there is found."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from launches import TINY_GRID, TINY_WIDTHS, tiny

from orchestrator.cli import main
from orchestrator.launch import train
from orchestrator.reports import report
from orchestrator.reports.audit import audit
from orchestrator.reports.chart import Region, Row
from orchestrator.reports.claim_pictures import region
from orchestrator.reports.index import index_files
from orchestrator.reports.published import Published, links
from orchestrator.reports.publishing import publish
from orchestrator.reports.references import rendered
from orchestrator.storage.results import BadInputError
from orchestrator.study.state import read
from orchestrator.study.study import Study
from search_spaces._files import own_experiment

PUBLISHED = Path(__file__).parents[2] / "docs" / "results"
NAMES = Published(PUBLISHED).names()
FACTS = {
    "replicas": 1234,
    "note": "a|b",
    "empty": None,
    "fits": [{"law": "power", "aicc": 3.0}, {"law": "inverse", "aicc": None}],
    "levels": {"0.5": {"median": 0.25}},
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Return a study that has ended and has its report."""
    study = tiny(tmp_path_factory.mktemp("storage"), name="model_width", changes=TINY_WIDTHS)
    train(study, silent=True)
    report.write(read(study))
    return study


@pytest.fixture
def folder(ended: Study, tmp_path: Path) -> Path:
    """Return a folder in which the study is published."""
    publish(tmp_path, ended)
    return tmp_path


def printed(text: str, facts: Any = FACTS) -> str:
    made = rendered(text, lambda _: facts)
    assert made.faults == []
    return made.text


@pytest.mark.parametrize("name", NAMES)
def test_every_page_renders_to_what_is_committed(name: str) -> None:
    made = Published(PUBLISHED).page(name)
    assert made.faults == [] and made.text == (PUBLISHED / f"{name}.md").read_text()


def test_the_index_and_the_charts_render_to_what_is_committed() -> None:
    for name, text in index_files(Published(PUBLISHED)).items():
        assert text == (PUBLISHED / name).read_text(), name


def test_pages_hold_no_marks_and_every_number_of_their_texts() -> None:
    pages = [(PUBLISHED / f"{name}.md").read_text() for name in NAMES]
    assert not any("{{" in page or "<!--" in page for page in pages)
    assert sum(Published(PUBLISHED).page(name).count for name in NAMES) >= 1228


def test_only_figures_that_a_page_shows_are_committed() -> None:
    shown = {target for name in NAMES for _, target in links((PUBLISHED / f"{name}.md").read_text())}
    figures = {file.relative_to(PUBLISHED).as_posix() for file in PUBLISHED.glob("*/figures/*")}
    assert figures and figures <= shown
    assert sum(file.stat().st_size for file in PUBLISHED.rglob("*.svg")) < 4e6


def test_what_is_published_is_found_in_order(ended: Study, folder: Path) -> None:
    wrong, compared = audit(folder)
    assert wrong == [] and compared > 130
    again = publish(folder, ended)
    assert len(again) == 1 and again[0].endswith("0 files changed")


def test_reports_whose_pages_lead_to_each_other_are_published_together(
    ended: Study, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    other = tiny(tmp_path_factory.mktemp("storage"), name="kl_by_weight_decay", changes=TINY_GRID)
    train(other, silent=True)
    report.write(read(other))
    text = tmp_path / "kl_by_weight_decay" / "page.md.in"
    text.parent.mkdir()
    text.write_text("# One\n\n[the other](model_width.md), {{replicas}} runs\n", encoding="utf-8")
    with pytest.raises(BadInputError, match=r"kl_by_weight_decay\.md:3 leads to model_width\.md, which is not there"):
        publish(tmp_path, other)
    publish(tmp_path, other, ended)
    assert audit(tmp_path)[0] == [] and len(Published(tmp_path).reports()) == 2


def test_the_verb_publishes_the_report_that_is_asked_for(
    ended: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, str] = {}
    monkeypatch.setattr("orchestrator.verbs.publish.study_asked", lambda **words: asked.update(words) or ended)
    assert main(["publish", "model_width", "--storage", "mine", "--folder", str(tmp_path)]) == 0
    assert asked == {"name": "model_width", "scale": "laptop", "storage": "mine"}
    assert capsys.readouterr().out.rstrip().endswith("9 files changed")
    assert audit(tmp_path)[0] == []


def test_a_first_page_has_answer_picture_and_all_claims(folder: Path) -> None:
    page = (folder / "model_width.md").read_text()
    facts = json.loads((folder / "model_width" / "report.json").read_text())
    assert f"**{facts['answer']}**" in page and f"*{facts['question']}*" in page
    told = ("| {statement} | {refuted_by} | **{verdict}** |".format(**claim) for claim in facts["claims"])
    assert facts["claims"] and all(row in page for row in told)
    assert [each["file"] for each in facts["pictures"]] == re.findall(r"\(model_width/(figures/\w+\.svg)\)", page)
    assert "\n\n\n" not in page


def test_a_number_changed_by_hand_is_found_with_its_line(folder: Path) -> None:
    page = folder / "model_width.md"
    lines = page.read_text().splitlines()
    number = next(place for place, line in enumerate(lines) if line.startswith("6 networks"))
    lines[number] = lines[number].replace("6 networks", "7 networks")
    page.write_text("\n".join(lines) + "\n")
    assert [fault.split(" reads ")[0] for fault in audit(folder)[0]] == [f"{page}:{number + 1}"]


def test_a_line_put_in_or_left_out_is_found_alone(folder: Path) -> None:
    page = folder / "model_width.md"
    text = page.read_text()
    page.write_text(text.replace("| claim |", "A claim too many: 0.5.\n| claim |"))
    assert len(audit(folder)[0]) == 1
    page.write_text(text.split("\n", 1)[1])
    assert audit(folder)[0][0].startswith(f"{page}:1 reads ")


def test_counts_that_the_table_does_not_give_are_found(folder: Path) -> None:
    file = folder / "model_width" / "report.json"
    facts = json.loads(file.read_text())
    file.write_text(json.dumps({**facts, "events": facts["events"] + 1, "replicas": 7}))
    wrong = audit(folder)[0]
    assert any(f"{file}: events is" in fault for fault in wrong)
    assert any(f"{file}: replicas is 7, the table gives 6" in fault for fault in wrong)


def test_a_text_that_changed_makes_its_page_stale_until_it_is_rendered(folder: Path) -> None:
    text = folder / "model_width" / "page.md.in"
    text.write_text(text.read_text() + "\nAt the strongest prior there are {{levels.1.runs}} runs.\n")
    assert len(audit(folder)[0]) == 2  # an empty line and the sentence
    assert main(["publish", "--folder", str(folder)]) == 0
    assert audit(folder)[0] == []


def test_a_missing_figure_is_found(folder: Path, ended: Study, capsys: pytest.CaptureFixture[str]) -> None:
    (figure,) = (folder / "model_width" / "figures").glob("*.svg")
    figure.unlink()
    wrong = audit(folder)[0]
    assert len(wrong) == 2 and all("which is not there" in fault for fault in wrong)  # on the page and in report.md
    assert main(["publish", "--folder", str(folder)]) == 2
    assert f"leads to model_width/figures/{figure.name}, which is not there" in capsys.readouterr().err
    publish(folder, ended)
    assert audit(folder)[0] == []


def test_figures_come_and_go_with_the_page(folder: Path, ended: Study) -> None:
    text = folder / "model_width" / "page.md.in"
    text.write_text("# Fans\n\n![D](model_width/figures/attention_kl.svg)\n")
    publish(folder, ended)
    assert [file.name for file in (folder / "model_width" / "figures").iterdir()] == ["attention_kl.svg"]
    assert "attention_kl.svg" in (folder / "model_width" / "report.md").read_text()
    assert audit(folder)[0] == []


def test_a_reference_that_leads_nowhere_costs_one_line_and_changes_nothing(
    folder: Path, ended: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    text = folder / "model_width" / "page.md.in"
    text.write_text("# Title\n\n{{replicas}} networks, {{claims.flor}}\n")
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert main(["publish", "--folder", str(folder)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and f"{text}:3 {{{{claims.flor}}}} leads nowhere: no 'flor' among" in err
    assert "wider_is_sooner" in err
    with pytest.raises(BadInputError, match="leads nowhere"):
        publish(folder, ended)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert f"{text}:3 {{{{claims.flor}}}} leads nowhere" in audit(folder)[0][0]


def test_a_page_without_a_text_is_found(folder: Path) -> None:
    (folder / "more.md").write_text("# 17 networks\n")
    assert [fault.split(":")[0] for fault in audit(folder)[0]] == [f"{folder / 'more.md'} has no text more/page.md.in"]


def test_a_report_of_another_scale_is_not_written_over(folder: Path, ended: Study) -> None:
    file = folder / "model_width" / "report.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "scale": "paper"}))
    with pytest.raises(BadInputError, match="is of the paper scale"):
        publish(folder, ended)


def test_a_study_with_missing_runs_is_not_published(tmp_path: Path) -> None:
    study = tiny(tmp_path / "storage")
    report.write(read(study))
    with pytest.raises(BadInputError, match="6 replicas missing"):
        publish(tmp_path / "results", study)
    assert not (tmp_path / "results").exists()


def test_references_read_as_pages_quote_numbers() -> None:
    assert printed("{{replicas}} runs, {{ fits.power.aicc }} and {{levels[0.5].median}}") == "1,234 runs, 3 and 0.25\n"
    assert printed("| {{note}} | x |") == "| a\\|b | x |\n"


def test_a_line_about_each_element_is_repeated_with_dashes_for_what_is_absent() -> None:
    assert printed("| {{fits.*.law}} | {{fits.*.aicc}} |") == "| power | 3 |\n| inverse | – |\n"


@pytest.mark.parametrize(
    "text, fault",
    {
        "{{fits.powr.aicc}}": "leads nowhere: no 'powr' among power, inverse, 0, 1",
        "{{fits.inverse.aicc}}": "is empty in the report",
        "{{fits.*.only}}": "is empty in every element",
        "{{empty.*.x}}": "there are no elements",
        "{{fits.*.law}} {{levels.*.median}}": "repeats lists of 1 and 2 elements",
        "{{fits.power}}": "leads to several values: add one of law, aicc",
        "{{fits}}": "leads to several values: add one of power, inverse, 0, 1",
        "{{}}": "is no reference",
        "a {{replicas": "is no reference",
    }.items(),
)
def test_a_wrong_reference_is_told_with_its_line(text: str, fault: str) -> None:
    made = rendered(f"# Title\n{text}\n", lambda _: FACTS)
    ((line, told),) = made.faults
    assert line == 2 and fault in told


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_reference_names_no_file_outside_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside.json").write_text('{"secret": "told"}')
    shutil.copytree(PUBLISHED / "precision", tmp_path / "results" / "precision")
    (tmp_path / "results" / "precision" / "page.md.in").write_text(f"{{{{{name}:secret}}}}\n")
    ((_, told),) = Published(tmp_path / "results").page("precision").faults
    assert "names a file outside" in told


@pytest.mark.parametrize("name", Published(PUBLISHED).reports())
def test_the_chart_shows_each_claim_on_the_side_of_its_verdict(name: str) -> None:
    facts = json.loads((PUBLISHED / name / "report.json").read_text())
    regions = {claim.name: region(claim) for claim in own_experiment(name).asked_at(facts["scale"]).claims}
    assert facts["claims"]
    for claim in facts["claims"]:
        row = Row(
            name=claim["name"],
            verdict=claim["verdict"],
            estimate=claim["effect"],
            low=claim["low"],
            high=claim["high"],
            region=regions[claim["name"]],
        )
        margins = row.margins()
        assert margins is not None and margins[0] <= margins[1] <= margins[2]
        side = "holds" if margins[0] >= 0 else "fails" if margins[2] < 0 else "undecided"
        assert side == claim["verdict"], claim["name"]


def test_ratios_are_compared_as_logarithms_and_open_ends_stay_open() -> None:
    row = Row(name="", verdict="", estimate=0.5, low=0.0, high=2.0, region=Region(low=0.5, high=2.0, ratio=True))
    assert row.margins() == (-math.inf, 0.0, 1.0)
    row = Row(name="", verdict="", estimate=4.0, low=1.0, high=None, region=Region(low=2.0, high=None, ratio=True))
    assert row.margins() == pytest.approx((-1.0, 1.0, math.inf))
