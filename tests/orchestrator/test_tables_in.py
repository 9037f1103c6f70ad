"""Tables as other tools write them: one table gives one fit in every dialect, and what was guessed is said."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli import main
from orchestrator.fit.cells import Writing, number
from orchestrator.fit.fits import interval_rows
from orchestrator.fit.tables import read_table
from orchestrator.storage.results import BadInputError

ROWS = [(0.1, 900, 1000), (0.1, 12000, None), (0.25, 400, 420), (1.5, 60, 70), (1.5, 80, None)]
NAMES = ("wd", "lower", "upper")


def text(separator: str = ",", missing: str = "", point: str = ".", end: str = "\n", head: str = "") -> str:
    cells = [[str(x).replace(".", point), str(low), missing if up is None else str(up)] for x, low, up in ROWS]
    return head + end.join(separator.join(row) for row in [list(NAMES), *cells]) + end


def markdown() -> str:
    lines = text("|").splitlines()
    return "".join(f"|{line}|\n" for line in [lines[0], "---|---|---", *lines[1:]])


def parquet() -> bytes:
    made = io.BytesIO()
    pl.DataFrame(ROWS, schema=NAMES, orient="row").write_parquet(made)
    return made.getvalue()


RECORDS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
DIALECTS: dict[str, tuple[bytes, str]] = {
    "plain": (text().encode(), ""),
    "semicolon": (text(";").encode(), "';'-separated"),
    "decimal comma": (text(";", point=",").encode(), "';'-separated, decimal comma"),
    "tab": (text("\t").encode(), "tab-separated"),
    "bar": (text("|").encode(), "'|'-separated"),
    "blanks": (text("   ", missing="NA").encode(), "blank-separated"),
    "blank after comma": (text(", ").encode(), ""),
    "trailing separator": (text().replace("\n", ",\n").encode(), ""),
    "trailing separator below the names": (text().replace("\n", ",\n").replace(",\n", "\n", 1).encode(), ""),
    "utf-8 with mark": (text().encode("utf-8-sig"), ""),
    "utf-16": (text().encode("utf-16"), "UTF-16"),
    "utf-16 big end first": (b"\xfe\xff" + text().encode("utf-16-be"), "UTF-16"),
    "latin-1": (text(head="# Größe\n").encode("latin-1"), "Latin-1"),
    "windows lines": (text(end="\r\n").encode(), ""),
    "old mac lines": (text(end="\r").encode(), ""),
    "comments": (text(head="# a sweep, 2025\n% more\n\n").encode(), ""),
    "comment within": (text().replace("\n0.25", "\n# resumed\n0.25").encode(), "without 1 line of comment"),
    "title": (text(head="My sweep\n\n").encode(), "without 1 line of title"),
    "names in a comment": (text(head="# ").encode(), ""),
    "excel hint": (("sep=;\n" + text(";")).encode(), "';'-separated"),
    "names again": (text().replace("\n0.25", "\nwd,lower,upper\n0.25").encode(), "without 1 repeated line of names"),
    "blank lines": (text().replace("\n", "\n\n").encode(), ""),
    "empty rows": (text().replace("\n0.25", "\n,,\n0.25").encode(), ""),
    "no end of line": (text().rstrip("\n").encode(), ""),
    "markdown": (markdown().encode(), "'|'-separated"),
    "gzip": (gzip.compress(text().encode()), ""),
    "bzip2": (bz2.compress(text().encode()), ""),
    "xz": (lzma.compress(text().encode()), ""),
    "parquet": (parquet(), ""),
    "records": (json.dumps(RECORDS).encode(), ""),
    "record per line": ("\n".join(map(json.dumps, RECORDS)).encode(), ""),
    "lists by column": (json.dumps({name: [row[name] for row in RECORDS] for name in NAMES}).encode(), ""),
    "thousands": (text(";").replace("12000", "12,000").encode(), "';'-separated, thousands separators"),
    "quoted thousands": (text().replace("12000", '"12,000"').encode(), "thousands separators"),
    "params of MLflow": (text().replace("wd", "params.wd").encode(), "wd from params.wd"),
}
WORDS = ["", "NA", "N/A", "NaN", "nan", "None", "none", "null", "NULL", "-", "--", ".", "?", "inf", "Inf", "infinity"]
WORDS += ["never", "censored", "not seen", '"NA"', ">12000"]


def rows_of(file: Path, notes: list[str] | None = None) -> list[tuple[object, ...]]:
    return interval_rows(file, x=["wd"], lower="lower", upper="upper", group=None, notes=notes).rows()


@pytest.mark.parametrize("suffix", [".csv", ".CSV", ".txt", ""])
@pytest.mark.parametrize("data, told", DIALECTS.values(), ids=DIALECTS.keys())
def test_one_table_in_every_dialect(tmp_path: Path, data: bytes, told: str, suffix: str) -> None:
    file, notes = tmp_path / f"t{suffix}", []
    file.write_bytes(data)
    assert rows_of(file, notes) == ROWS
    if told:
        assert len(notes) == 1 and told in notes[0]


@pytest.mark.parametrize("word", WORDS)
def test_words_for_an_event_that_was_not_seen(tmp_path: Path, word: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text(missing=word))
    found = [row[2] for row in rows_of(file)]
    assert found == [1000.0, None, 420.0, 70.0, None]


def test_later_than_counts_as_watched_until_then(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("wd,lower,upper\n1,500,>2000\n2,100,200\n")
    assert rows_of(file)[0] == (1.0, 2000.0, None)


FAULTS: dict[str, tuple[str | bytes, str]] = {
    "x empty": ("wd,lower,upper\n1,1,2\nNA,1,2\n", "wd must not be empty or infinite; row 2"),
    "lower missing": ("wd,lower,upper\n1,None,2\n", "lower must be a number >= 0; row 1"),
    "text in lower": ("wd,lower,upper\n1,1,2\n2,soon,2\n", "lower must be numbers; row 2 has 'soon'"),
    "first of several": ("wd,lower,upper\n1,1,2\n1,soon,2\n1,later,2\n1,soon,2\n", "row 2 has 'soon'"),
    "end of several": ("wd,lower,upper\n1,1,2\n1,1,never\n1,1,soon\n1,1,soon\n", "row 3 has 'soon'"),
    "hexadecimal": ("wd,lower,upper\n0x10,1,2\n", "wd must be numbers; row 1 has '0x10'"),
    "beyond floats": ("wd,lower,upper\n1,1,1e999\n", "row 1 has '1e999'"),
    "below floats": ("wd,lower,upper\n1e-999,1,2\n", "row 1 has '1e-999'"),
    "comma or thousands": ("wd;lower;upper\n1;12,000;\n", "with or without a comma between thousands"),
    "two decimal marks": ("wd;lower;upper\n0,1;1;2\n0.1;1;2\n", "wd must be numbers; row 1 has '0,1'"),
    "ragged": ("wd,lower,upper\n1,1,2\n1,1\n1,2,3\n", "row 2 has 2 cells"),
    "no names": ("1,1,2\n1,1,2\n", "has no names of columns"),
    "no rows": ("wd,lower,upper\n", "has no rows"),
    "nothing": ("", "has no rows"),
    "one name twice": ("wd,wd,lower,upper\n1,2,3,4\n", "wd (column 1), wd (column 2)"),
    "Excel": (b"PK\x03\x04\x14\x00", "Excel"),
    "old Excel": (b"\xd0\xcf\x11\xe0\x00\x00", "is an Excel file; save the table as CSV"),
    "binary": (bytes(range(256)) * 4, "is not a text"),
    "torn gzip": (gzip.compress(b"wd,lower,upper\n1,1,2\n")[:-9], "cannot be read"),
    "torn parquet": (b"PAR1 and no more", "cannot be read"),
    "damaged parquet": (parquet()[:60] + bytes(40) + parquet()[100:], "cannot be read"),
    "torn JSON": ('[{"wd": 1', "cannot be read as JSON"),
    "other JSON": ("[1, 2]", "holds JSON that is no list of records"),
    "deep JSON": ("[" * 100_000, "cannot be read as JSON"),
}


@pytest.mark.parametrize("data, expected", FAULTS.values(), ids=FAULTS.keys())
def test_faults_of_tables_cost_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str | bytes, expected: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    assert main(["fit", str(file), "--x", "wd"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and expected in err


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    file, notes = tmp_path / "t.csv", []
    file.write_text(text() + "0.5,1")
    assert rows_of(file, notes) == ROWS
    assert notes == ["read as without the last line, which is torn"]


def test_row_names_of_r_have_no_name_above(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_text('"wd" "lower" "upper"\n"1" 0.5 10 20\n"2" 1.0 5 NA\n')
    assert rows_of(file) == [(0.5, 10.0, 20.0), (1.0, 5.0, None)]


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is a folder; give a file"):
        read_table(tmp_path)


FORMATS: list[tuple[Writing, Callable[[float], str]]] = [
    (Writing(), lambda value: f"{value!r}"),
    (Writing(), lambda value: f"{value:+.17e}"),
    (Writing(comma=True), lambda value: f"{value!r}".replace(".", ",")),
    (Writing(comma=True, thousands=True), lambda value: f"{value:,.6f}".translate({44: 46, 46: 44})),
    (Writing(thousands=True), lambda value: f"{value:,.6f}"),
    (Writing(thousands=True), lambda value: f"{value:,.6f}".replace(",", "\u202f")),
    (Writing(thousands=True), lambda value: f"{value:,.6f}".replace(",", "'")),
]


@given(value=st.floats(-1e9, 1e9, allow_subnormal=False), which=st.integers(0, len(FORMATS) - 1))
@settings(max_examples=300, deadline=None)
def test_numbers_are_read_back_from_every_way_of_writing(value: float, which: int) -> None:
    writing, written = FORMATS[which]
    expected = value if which < 3 else round(value, 6)
    assert number(writing.plain(written(value))) == pytest.approx(expected, abs=1e-300, rel=1e-15)
