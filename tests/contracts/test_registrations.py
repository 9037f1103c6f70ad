"""What was registered before the measured runs: a changed hash would make published results look exploratory."""

from __future__ import annotations

import pytest

from search_spaces._files import own_experiment

REGISTERED = {  # the laptop and the paper scale
    "alignment_under_adam": ("47f9d0ae070e090d", "c306c23f8922aeba"),
    "attention_heads": ("3fc05d2ab3a96d0f", "971be70ddd193e46"),
    "autoregressive_parity": ("2d6d60735b95a105", "435e4b8fe43075af"),
    "bayesian_ticket": ("818515e2020e1ce4", "3ea5bc3f0067d03a"),
    "dynamic_routing": ("18e8fd628357abf0", "c254d52510963f31"),
    "explaining_away_bound": ("7c12b4f8049ed819", "53c19950d59c27ed"),
    "fastest_grokking": ("59d2fb89bb97ff66", "eed590f98eb887e5"),
    "four_phases": ("488d732d3a68ea0f", "59af1b8360e62d13"),
    "frozen_oracle_attention": ("d8f1b3e48453cfa9", "93cd1675089cac4a"),
    "kl_by_optimizer": ("faf2fe341a48462d", "6b16d33f1e51d67e"),
    "kl_by_weight_decay": ("510fa22fa7f3c608", "594cadb3f3ee5713"),
    "kl_scaling": ("6b4417ae6ccd1b09", "bd6f9871a6d50e0e"),
    "kl_schedules": ("b6c2fa01789077d6", "d630eac77afed992"),
    "length_generalization": ("40dffdbae2236259", "bffd2da7df0492bd"),
    "mlp_weight_decay": ("40dd3f9a59c19a51", "02f41ff853ff6c4b"),
    "model_width": ("b00acd57b3204749", "d7e6c0d1ed8cd49d"),
    "norm_and_structure": ("e76a06890bfd1dce", "d9836ff404d3eb09"),
    "optimizer_grid": ("3cb7911d3b6f539c", "1c28e8f8e4830127"),
    "optimizer_robustness": ("9d872d4f611386d3", "02669e485ec09b54"),
    "softmax_collapse": ("6419c3231255b7b3", "6fc661aa2d1eb86b"),
    "structural_priors": ("5c49a152c114cc9a", "23ac9b4f255c029c"),
    "task_diversity": ("9251618638a8ef45", "5205abc9deeb4f59"),
    "weight_decay_scaling": ("cbf229756526ca23", "60d35aab72c3208e"),
}


@pytest.mark.parametrize("name", REGISTERED)
def test_an_experiment_registers_what_it_did_when_its_results_were_published(name: str) -> None:
    experiment = own_experiment(name)
    assert tuple(experiment.registration(scale) for scale in ("laptop", "paper")) == REGISTERED[name]
