"""Whole runs on a made-up text: what is learned, and what is left in the folder."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_languages import Bilingual
from small_runs import PAPER, SMALL, records, run, small

from babelite import Encoder
from babelite.corpus import Cleaning, PairSource, parse_source
from babelite.encoding import read_model_folder
from babelite.errors import BabeliteError
from babelite.evaluation import precision_at_1
from babelite.storage import sha256
from babelite.training import prepare as preparation
from babelite.training.hardware import choose_hardware
from babelite.training.loop.trainer import Trainer
from babelite.training.objective_parser import OBJECTIVES
from babelite.training.prepare import Preparation
from babelite.training.prepared_text import TrainingText, open_text
from babelite.training.presets import make_config
from babelite.training.run import TrainingResult, train
from babelite.training.run_folder import RunFolder
from babelite.training.training_progress import TrainingProgress


@pytest.fixture(scope="module")
def easy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages of sixty words, which even a reconstruction alone learns in seconds."""
    path = tmp_path_factory.mktemp("easy") / "en-fr.tsv"
    pairs = Bilingual(words=60).pairs(1_500)
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def easy_text(easy_file: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingText:
    from babelite.corpus import Cleaning

    folder = RunFolder(tmp_path_factory.mktemp("prepared") / "run")
    options = small()
    config = make_config(options.pop("preset"), None, options)
    folder.reserve({"config": {}, "cleaning": {}, "data": []})
    sources = [parse_source(str(easy_file))]
    Preparation(folder, sources, config, Cleaning(), TrainingProgress(quiet=True)).prepare()
    return open_text(folder, sources)


# P@1 that 60 steps give for certain; chance is 0.01. What masks words of one side alone, or
# predicts a side from the other's vector, need not bring the two vectors together.
EXPECTED = {"align": 0.5, PAPER: 0.5, "xtr": 0.015}


def total(weights: dict[str, float], losses: dict[str, float]) -> float:
    assert set(losses) == set(weights)
    return sum(weight * losses[name] for name, weight in weights.items())


@pytest.mark.parametrize("objective", [*OBJECTIVES, PAPER])
def test_every_objective_learns_from_scratch(
    objective: str, easy_text: TrainingText, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.reserve({"config": {}, "cleaning": {}, "data": []})
    steps = 150 if objective == "xtr" else 60
    options = small(
        objective=objective, bag_steps=0, steps=steps, learning_rate=1e-2, batch_size=64
    )
    config = make_config(options.pop("preset"), None, options)
    trainer = Trainer(
        folder,
        easy_text,
        config,
        choose_hardware(config),
        TrainingProgress(quiet=True),
        time.monotonic(),
    )
    before = trainer.validator(trainer.state.model, bag=False)
    trained = trainer.train()
    after = records(folder.out, "validation")[-1]["losses"]["en-fr"]
    assert total(config.weights, after) < total(config.weights, before.losses["en-fr"])
    assert trained.precision_at_1["en-fr"] >= EXPECTED.get(objective, 0)
    logged = [set(record["losses"]) for record in records(folder.out, "train")]
    assert logged == [set(config.weights)] * len(logged)


def test_a_finished_run_is_an_encoder(
    finished: tuple[Path, TrainingResult], bilingual_pairs: list[tuple[str, str]]
) -> None:
    out, result = finished
    encoder = Encoder.load(out)
    assert encoder.languages == ("en", "fr")
    held_out = (out / "training" / "corpus" / "en-fr.held-out.tsv").read_text().splitlines()
    pairs = [tuple(line.split("\t")[:2]) for line in held_out]
    u, v = (encoder.encode(side) for side in zip(*pairs, strict=True))
    found = (precision_at_1(u, v).mean() + precision_at_1(v, u).mean()) / 2
    assert found > 0.5
    assert found == pytest.approx(result.precision_at_1["en-fr"], abs=0.03)
    assert set(pairs) <= set(bilingual_pairs)


def test_held_out_sentences_are_not_trained_on(finished: tuple[Path, TrainingResult]) -> None:
    corpus = finished[0] / "training" / "corpus"
    held_out, cleaned = (
        {side for line in (corpus / name).read_text().splitlines() for side in line.split("\t")[:2]}
        for name in ("en-fr.held-out.tsv", "en-fr.tsv")
    )
    assert len(held_out) == 200
    assert not held_out & cleaned


def sentences(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {side for line in lines for side in line.split("\t")[:2]}


def prepare_both_ways(pairs: list[tuple[str, str]], folder: Path) -> tuple[RunFolder, list[Path]]:
    """Prepare the same pairs as two language pairs, each in an order of its own.

    Returns:
        The run, and the files it made.
    """
    folder.mkdir(exist_ok=True)
    files = [folder / "en-fr.tsv", folder / "fr-en.tsv"]
    files[0].write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    files[1].write_text("".join(f"{b}\t{a}\n" for a, b in pairs[::-1]), encoding="utf-8")
    sources = [parse_source(str(file)) for file in files]
    run = RunFolder(folder / "model")
    run.reserve({"config": {}, "cleaning": {}, "data": []})
    config = make_config("tiny", options={"vocabulary_size": 300, "held_out": 50})
    Preparation(run, sources, config, Cleaning(), TrainingProgress(quiet=True)).prepare()
    return run, sorted((folder / "model" / "training" / "corpus").iterdir())


def test_held_out_sentences_of_one_language_pair_are_not_trained_on_in_another(
    bilingual_pairs: list[tuple[str, str]], tmp_path: Path
) -> None:
    run, files = prepare_both_ways(bilingual_pairs[:1_000], tmp_path)
    held_out = [sentences(run.held_out(name)) for name in ("en-fr", "fr-en")]
    assert [len(found) for found in held_out] == [100, 100]
    assert len(held_out[0] | held_out[1]) > 150
    for name in ("en-fr", "fr-en"):
        assert not sentences(run.cleaned(name)) & (held_out[0] | held_out[1])
        assert len(run.cleaned(name).read_text().splitlines()) > 800
    assert [path.name for path in files if path.suffix == ".tsv"] == [
        "en-fr.held-out.tsv",
        "en-fr.tsv",
        "fr-en.held-out.tsv",
        "fr-en.tsv",
    ]


@pytest.mark.parametrize(
    ("stage", "calls"), [("sample_pairs", 2), ("without_held_out", 1), ("without_held_out", 2)]
)
def test_killed_preparation_resumes_with_the_same_text(
    stage: str,
    calls: int,
    bilingual_pairs: list[tuple[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, expected = prepare_both_ways(bilingual_pairs[:300], tmp_path / "whole")
    real, left = getattr(preparation, stage), iter(range(calls - 1))

    def kill(*arguments: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(preparation, stage, kill)
        with pytest.raises(KeyboardInterrupt):
            prepare_both_ways(bilingual_pairs[:300], tmp_path / "killed")
    _, found = prepare_both_ways(bilingual_pairs[:300], tmp_path / "killed")
    assert [(path.name, path.read_bytes()) for path in found] == [
        (path.name, path.read_bytes()) for path in expected
    ]


def test_the_metrics_file_records_the_run(finished: tuple[Path, TrainingResult]) -> None:
    out, result = finished
    training, validations = records(out, "train"), records(out, "validation")
    assert [record["phase"] for record in training] == ["bag"] * 7 + ["layers"] * 2
    assert [record["phase"] for record in validations] == ["bag"] * 3 + ["layers"] * 3
    assert result.pairs == training[-1]["pairs"] == 150 * 64 + 40 * 32
    assert training[-1]["loss"] < training[0]["loss"]
    best = [record for record in validations if record["best"]]
    assert validations[0]["best"]
    assert result.precision_at_1 == best[-1]["precision_at_1"]
    highest = max(record["mean_precision_at_1"] for record in validations)
    assert result.precision_at_1["en-fr"] > highest - 0.05


def test_a_finished_run_repeated_does_nothing(
    finished: tuple[Path, TrainingResult], parallel_file: Path
) -> None:
    out, result = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert run(parallel_file, out, bag_steps=150) == result
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_modified_model_of_a_finished_run_is_reported(
    parallel_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    run(parallel_file, out, bag_steps=1, steps=1)
    with (out / "model.safetensors").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BabeliteError, match="was changed"):
        run(parallel_file, out, bag_steps=1, steps=1)


def test_the_model_card_of_a_token_bag_names_its_objective(
    parallel_file: Path, tmp_path: Path
) -> None:
    small_paper = SMALL | {"preset": "paper", "heads": 4, "bag_steps": 2, "layers": 0}
    run(parallel_file, tmp_path / "model", **small_paper)
    assert read_model_folder(tmp_path / "model").description.objective == "align"


def test_three_languages_train_one_encoder(parallel_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "de.tsv"
    other.write_text(parallel_file.read_text(encoding="utf-8"), encoding="utf-8")
    sources = [parse_source(str(parallel_file)), parse_source(f"de-fr={other}")]
    options = small(objective="ugt + align", bag_steps=2, steps=2)
    config = make_config(options.pop("preset"), None, options)
    result = train(sources, tmp_path / "model", config)
    assert set(result.precision_at_1) == {"en-fr", "de-fr"}
    assert Encoder.load(tmp_path / "model").languages == ("en", "fr", "de")


@pytest.mark.parametrize("layers", [0, 1])
def test_a_budget_in_minutes_is_kept(layers: int, parallel_file: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    result = run(parallel_file, tmp_path / "model", minutes=0.03, layers=layers)
    # Never a test of speed: only that the run ended by itself, having trained in each phase.
    assert result.seconds <= time.monotonic() - began
    phases = {record["phase"] for record in records(tmp_path / "model", "validation")}
    assert phases == ({"bag", "layers"} if layers else {"bag"})


def test_weights_depend_on_the_seed_only(parallel_file: Path, tmp_path: Path) -> None:
    sums = []
    for number, seed in enumerate((0, 0, 1)):
        run(parallel_file, tmp_path / str(number), seed=seed, bag_steps=5, steps=5)
        sums.append(sha256(tmp_path / str(number) / "model.safetensors"))
    assert sums[0] == sums[1] != sums[2]


def test_training_works_in_any_thread(parallel_file: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(run, parallel_file, tmp_path / "model", bag_steps=2, steps=2).result()
    assert Encoder.load(result.out).dim == SMALL["dim"]


def test_vectors_do_not_depend_on_the_trainer(finished: tuple[Path, TrainingResult]) -> None:
    """The folder alone is the model: a copy gives the same vectors."""
    out = finished[0]
    copy = out.parent / "copy"
    shutil.copytree(out, copy, ignore=shutil.ignore_patterns("training"))
    sentences = ["Ba bebo.", "", "…", "\u200b", "a" * 100_000]
    assert np.array_equal(Encoder.load(copy).encode(sentences), Encoder.load(out).encode(sentences))


def test_weights_reach_the_tokens(bilingual_pairs: list[tuple[str, str]], tmp_path: Path) -> None:
    files = [tmp_path / "talks.tsv", tmp_path / "manual.tsv"]
    for part, path in enumerate(files):
        lines = (f"{a}\t{b}\n" for a, b in bilingual_pairs[part:400:2])
        path.write_text("".join(lines), encoding="utf-8")
    sources = [
        PairSource((str(path),), "en", "fr", weight=w)
        for path, w in zip(files, (2, 0.5), strict=True)
    ]
    run = RunFolder(tmp_path / "model")
    run.reserve({})
    config = make_config("tiny", options={"vocabulary_size": 300, "held_out": 20})
    Preparation(run, sources, config, Cleaning(), TrainingProgress(quiet=True)).prepare()
    [pair] = open_text(run, sources).pairs
    pairs = [line.split("\t") for line in run.cleaned("en-fr").read_text().splitlines()]
    talks = set(files[0].read_text().splitlines())
    expected = [2.0 if f"{a}\t{b}" in talks else 0.5 for a, b, _ in pairs]
    assert pair.tokens.weights.tolist() == expected
    assert sorted(set(expected)) == [0.5, 2.0]
