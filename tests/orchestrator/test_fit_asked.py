"""The options of ``fit``: what does nothing is refused, extremes are answered in words, pages are whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from orchestrator.cli import main
from orchestrator.fit.fits import fit_table, interval_rows

TIMES = [(wd, seed, int(100 / wd) + 9 * seed) for wd in (0.1, 0.3, 1.0) for seed in range(3)]
TABLE = "wd,lower,upper,seed\n" + "".join(f"{wd},{time},{time + 5},{seed}\n" for wd, seed, time in TIMES)
OF_A_TABLE = ["--x", "wd"]
REFUSED = {
    "threshold of a table": (["t.csv", *OF_A_TABLE, "--threshold", "0.5"], "--threshold is for curves"),
    "step and run of a table": (["t.csv", *OF_A_TABLE, "--step", "s", "--run", "r"], "--step and --run are for curves"),
    "below of a table": (["t.csv", *OF_A_TABLE, "--below"], "--below is for curves"),
    "where of a table": (["t.csv", *OF_A_TABLE, "--where", "a=1"], "--where is for curves"),
    "lower of curves": (["--curves", "*.csv", *OF_A_TABLE, "--lower", "l"], "--lower is for a table of intervals"),
    "table and curves": (["t.csv", "--curves", "*.csv", *OF_A_TABLE], "not both"),
    "x twice": (["t.csv", *OF_A_TABLE, "--x", "wd"], "are the same column"),
    "x is lower": (["t.csv", "--x", "lower"], "--x lower and --lower lower are the same column"),
    "group is x": (["t.csv", *OF_A_TABLE, "--group", "wd"], "--x wd and --group wd are the same column"),
    "x is the metric": (["--curves", "*.csv", *OF_A_TABLE, "--value", "wd"], "are the same column"),
    "law twice": (["t.csv", *OF_A_TABLE, "--law", "power", "--law", "power"], "--law power is given twice"),
    "law of a regression": (["t.csv", *OF_A_TABLE, "--x", "seed", "--law", "power"], "--law is for one --x"),
    "near miss": (["t.csv", "--x", "wdd"], "did you mean 'wd'?"),
    "infinite threshold": (["--curves", "*.csv", *OF_A_TABLE, "--threshold", "inf"], "must be a finite number"),
    "other suffix": (["t.csv", *OF_A_TABLE, "--out", "page.pdf"], "must end in one of .html, .md, .json"),
    "folder": (["t.csv", *OF_A_TABLE, "--out", "old.html"], "is a folder"),
    "folder that is not there": (["t.csv", *OF_A_TABLE, "--out", "no/page.html"], "there is no folder no"),
    "the table itself": (["t.json", *OF_A_TABLE, "--out", "t.json"], "is the table that is read"),
}


@pytest.mark.parametrize("words, expected", REFUSED.values(), ids=REFUSED.keys())
def test_options_that_cannot_be_meant_cost_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE)
    Path("old.html").mkdir()
    assert main(["fit", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and expected in err


@pytest.mark.parametrize("x, times", [(1e307, 1.0), (1e-319, 1.0), (1.0, 1e300), (1.0, 1e-40)])
@pytest.mark.filterwarnings("error")
def test_extreme_values_are_undecided_in_one_line(tmp_path: Path, x: float, times: float) -> None:
    rows = [line.split(",") for line in TABLE.splitlines()[1:]]
    cells = [[repr(float(wd) * x), repr(float(low) * times), repr(float(up) * times)] for wd, low, up, _ in rows]
    (tmp_path / "t.csv").write_text("\n".join(["wd,lower,upper", *map(",".join, cells)]))
    found = interval_rows(tmp_path / "t.csv", x=["wd"], lower="lower", upper="upper", group=None)
    facts = fit_table(found, x=["wd"], laws=["power"]).facts
    assert facts["verdict"] == "undecided" and "is outside 1e-30 to 1e+30" in facts["reason"]


def test_a_page_holds_the_answer_the_figure_and_what_was_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, page = tmp_path / "t.csv", tmp_path / "page.html"
    table.write_text(TABLE.replace(",", ";"))
    words = ["fit", str(table), "--x", "wd", "--group", "seed", "--law", "power", "--out"]
    assert main([*words, str(page), "--json"]) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert facts["notes"] == ["read as ';'-separated"] and err == "note: read as ';'-separated\n"
    text = page.read_text()
    assert "data:image/svg+xml;base64," in text and "&#39;;&#39;-separated" in text and "exponent" in text
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", text) == []
    assert main([*words, str(tmp_path / "page.md")]) == 0 and main([*words, str(tmp_path / "page.json")]) == 0
    assert "9 runs: 9 events" in (tmp_path / "page.md").read_text()
    assert json.loads((tmp_path / "page.json").read_text()) == facts
