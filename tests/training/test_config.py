"""The configuration: presets, a file, options, in this order; anything odd is one sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from babelite.errors import BabeliteError
from babelite.training.config import TrainingConfig
from babelite.training.presets import PRESETS, make_config


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_valid(preset: str) -> None:
    assert make_config(preset).model_dump().items() >= PRESETS[preset].items()


def test_the_paper_preset_is_the_papers() -> None:
    config = make_config("paper")
    assert config.weights == {"ugt": 1, "align": 2, "sim": 2}
    assert (config.dim, config.hidden_dim, config.layers, config.heads) == (512, 1024, 2, 8)
    assert (config.batch_size, config.learning_rate, config.amsgrad) == (128, 1e-3, True)
    assert config.has_layers_phase
    assert not config.has_bag_phase


def test_options_go_before_the_file_and_the_file_before_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('dim = 32\nheads = 4\nobjective = "xtr"\n', encoding="utf-8")
    config = make_config("tiny", file, {"dim": 48, "heads": None})
    assert (config.dim, config.heads, config.objective) == (48, 4, "xtr")
    assert config.hidden_dim == PRESETS["tiny"]["hidden_dim"]


@pytest.mark.parametrize("others", [{"minutes": 3}, {"layers": 0}, {"steps": 0}])
@pytest.mark.parametrize("option", ["second_round_steps", "similar_steps"])
def test_later_phases_need_layers_and_a_budget_in_steps(
    option: str, others: dict[str, Any]
) -> None:
    with pytest.raises(BabeliteError, match=f"--{option.replace('_', '-')}") as error:
        make_config("tiny", options={option: 5} | others)
    assert error.value.code == "option-conflict"


def test_a_configuration_is_immutable() -> None:
    with pytest.raises(ValidationError):
        make_config().dim = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "steps", "minutes"),
    [
        ({}, 50, None),
        ({"epochs": 2}, None, None),
        ({"epochs": 2, "steps": 7}, 7, None),
        ({"minutes": 3}, 50, 3),
    ],
)
def test_a_budget_replaces_the_budget_of_the_preset(
    given: dict[str, Any], steps: int | None, minutes: float | None, tmp_path: Path
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("".join(f"{name} = {value}\n" for name, value in given.items()))
    for config in (make_config("tiny", options=given), make_config("tiny", file)):
        assert (config.steps, config.minutes) == (steps, minutes)


def test_given_steps_replace_the_minutes_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("minutes = 10\nbag_epochs = 1\n")
    for budget in ("steps", "epochs", "bag_steps", "bag_epochs"):
        assert make_config("default", file, {budget: 5}).minutes is None
    assert make_config("default", file, {"dim": 8}).minutes == 10
    assert make_config("tiny", file).bag_steps is None


def test_a_bag_phase_of_0_gets_no_share_of_the_minutes(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("minutes = 10\nbag_share = 0.3\n")
    for option in ("bag_epochs", "bag_steps"):
        config = make_config("tiny", file, {option: 0})
        assert (config.minutes, config.bag_share) == (10, 0)
    file.write_text("minutes = 10\nbag_epochs = 0\n")
    assert make_config("tiny", file).bag_share == 0
    assert make_config("tiny", file, {"bag_share": 0.3}).bag_share == 0.3
    file.write_text("bag_epochs = 0\n")
    assert make_config("tiny", file, {"minutes": 5, "bag_epochs": 3}).bag_share == 0.5
    # Where nothing is shared out, the share stays as it is.
    assert make_config("tiny", options={"bag_epochs": 0}).bag_share == 0.5
    assert make_config("paper", options={"minutes": 1, "bag_share": 0.5}).has_bag_phase


def test_a_given_bag_phase_gets_minutes_if_the_preset_has_none() -> None:
    assert not make_config("paper", options={"minutes": 1}).has_bag_phase
    assert make_config("paper", options={"minutes": 1, "bag_epochs": 2}).has_bag_phase


@pytest.mark.parametrize("option", ["temperature", "learning_rate", "decay_epoch", "weight_decay"])
def test_numbers_must_be_finite(option: str) -> None:
    with pytest.raises(BabeliteError, match=f"'{option}'.*finite"):
        make_config(options={option: math.inf})


def test_clipping_can_be_disabled() -> None:
    assert make_config(options={"clip_norm": math.inf}).clip_norm == math.inf


@pytest.mark.parametrize(
    ("given", "bag", "layers"),
    [
        ({}, True, True),
        ({"bag_epochs": 0}, False, True),
        ({"bag_steps": 0}, False, True),
        ({"bag_epochs": 0, "bag_steps": 5}, True, True),
        ({"layers": 0}, True, False),
        ({"steps": 0}, True, False),
        ({"epochs": 0}, True, False),
        ({"minutes": 1}, True, True),
        ({"minutes": 1, "bag_share": 0}, False, True),
        ({"minutes": 1, "bag_share": 1}, True, False),
        ({"minutes": 1, "layers": 0, "bag_share": 0}, True, False),
        ({"minutes": 1, "epochs": 0}, True, False),
        ({"minutes": 1, "steps": 0}, True, False),
        ({"minutes": 1, "bag_epochs": 0}, False, True),
        ({"minutes": 1, "bag_steps": 0}, False, True),
        ({"minutes": 1, "bag_epochs": 0, "bag_steps": 5}, True, True),
        ({"minutes": 1, "layers": 0, "bag_epochs": 0}, True, False),
    ],
)
def test_phases_follow_from_the_budget(given: dict[str, Any], bag: bool, layers: bool) -> None:
    config = make_config(options=given)
    assert (config.has_bag_phase, config.has_layers_phase) == (bag, layers)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dims": 4}, ["no option 'dims'"]),
        ({"dim": 0}, ["'dim'", "above 0"]),
        ({"dim": "wide"}, ["'dim'", "whole number"]),
        ({"dim": 30, "heads": 4}, ["--dim 30", "--heads 4"]),
        ({"dropout": 1}, ["'dropout'", "below 1"]),
        ({"epochs": float("inf")}, ["'epochs'", "finite"]),
        ({"bag_epochs": float("inf")}, ["'bag_epochs'", "finite"]),
        ({"minutes": 1e10}, ["'minutes'", "below 1000000000"]),
        ({"seed": 2**64}, ["'seed'", "below 9223372036854775808"]),
        ({"seed": -1}, ["'seed'", "at least 0"]),
        ({"temperature": float("nan")}, ["'temperature'"]),
        ({"seed": -1}, ["'seed'", "at least 0"]),
        ({"seed": 1 << 63}, ["'seed'", "below"]),
        ({"similarity": "euclid"}, ["'similarity'", "cosine"]),
        ({"device": "tpu"}, ["'device'", "cuda"]),
        ({"objective": "align + laser"}, ["laser", "ugt"]),
        ({"objective": ""}, ["mlm", "align"]),
        ({"bag_ngrams": 2}, ["got 2", "--bag-ngrams 3 or more, or 0"]),
        ({"bag_epochs": 0, "epochs": 0}, ["no phase to train"]),
        ({"layers": 0, "bag_steps": 0}, ["no phase to train"]),
        ({"objective": "ugt + sim", "layers": 0}, ["'ugt + sim'", "--objective align"]),
        ({"objective": "xtr", "steps": 0}, ["'xtr'", "--objective align"]),
        ({"objective": "xtr", "minutes": 1, "bag_share": 1}, ["'xtr'", "--objective align"]),
    ],
)
def test_bad_options_are_refused_in_one_sentence(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(BabeliteError) as caught:
        make_config("default", options=given)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.hint
    assert all(word in message for word in words), message


def test_without_layers_the_objective_is_align(tmp_path: Path) -> None:
    bag = make_config("paper", options={"layers": 0, "bag_epochs": 1})
    assert (bag.objective, bag.trained_objective) == ("ugt + 2*align + 2*sim", "align")
    assert make_config("paper").trained_objective == "ugt + 2*align + 2*sim"
    assert make_config("tiny", options={"layers": 0, "objective": "2*align"})
    file = tmp_path / "settings.toml"
    file.write_text('objective = "xtr"\n')
    assert make_config("tiny", file, {"layers": 0, "objective": "align"})
    with pytest.raises(BabeliteError, match=r"settings\.toml: the objective 'xtr'") as error:
        make_config("tiny", file, {"layers": 0})
    assert error.value.code == "option-conflict"


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(BabeliteError, match=r"no preset 'huge'.*default, paper, tiny"):
        make_config("huge")


@pytest.mark.parametrize("content", [b"dim = ", b"\xff\xfe", b"dim: 4"])
def test_an_invalid_toml_file_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(content)
    with pytest.raises(BabeliteError, match=r"settings\.toml: is not a TOML file"):
        make_config("default", file)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "missing.toml", "file-not-found"), (tmp_path, "is-a-folder")):
        with pytest.raises(BabeliteError) as caught:
            make_config("default", path)
        assert caught.value.code == code


def test_an_error_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("dim = -1\n")
    with pytest.raises(BabeliteError) as caught:
        make_config("default", file)
    assert str(file) in str(caught.value)


def test_every_option_has_a_description() -> None:
    for name, field in TrainingConfig.model_fields.items():
        assert field.description and field.description.endswith("."), name
