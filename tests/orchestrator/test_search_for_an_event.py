"""A search looks for the point that sees the experiment's event soonest, whatever the event is."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from page_words import words_of_html
from tiny import TINY

from orchestrator.cli import main
from orchestrator.study.study import Options, study_of

BELOW = 0.4
FACTS = {
    "question": "Which strength of the prior aligns attention soonest?",
    "family": "kl_prior",
    "x": "kl_strength",
    "event": "aligned",
    "threshold": 0.99,
    "recording": {
        "end": "budget",
        "grid_min_steps": 2,
        "events": [{"name": "aligned", "column": "attention_kl", "below": BELOW, "noun": "alignment"}],
    },
    "scales": {
        "laptop": {
            "search": {
                "ranges": {"kl_strength": [0.1, 10.0]},
                "first": [{"kl_strength": 0.1}],
                "tries": 3,
                "confirming_seeds": [8, 9],
            },
            "fields": TINY,
            "seeds": 2,
            "budget_steps": 60,
        }
    },
    "claims": [
        {
            "name": "better",
            "statement": "The best point is sooner.",
            "rule": "ratio_within",
            "settings": {"arm": "point", "first": "the reference", "second": "the best point", "high": 1.0},
        }
    ],
}


def test_a_search_is_for_the_experiments_event(tmp_path: Path) -> None:
    file, storage = tmp_path / "soonest.yaml", tmp_path / "runs"
    file.write_text(yaml.safe_dump(FACTS))
    assert main(["launch", str(file), "--storage", str(storage), "--backend", "in_process", "--json"]) == 0
    folder = storage / "reports/soonest/laptop"
    facts = json.loads((folder / "report.json").read_text())
    rows = study_of(Options(name=str(file), storage=str(storage))).rows().explode("events").unnest("events")
    seen = [row["upper"] for row in rows.filter(rows["name"] == "aligned").iter_rows(named=True)]
    assert any(seen) and sum(each["aligned"] for each in facts["trials"]) > 0
    means = [each["restricted_mean"] for each in facts["trials"]]
    assert means == sorted(means) and means[0] < means[-1]
    assert "reached alignment soonest" in facts["answer"] and "grok" not in facts["answer"]
    assert [row["threshold"] for row in facts["sensitivity"]] == [BELOW]
    page = words_of_html((folder / "index.html").read_text())
    assert "restricted mean alignment step" in page and "grok step" not in page and "did not grok" not in page
