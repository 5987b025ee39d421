"""Options, files and folders that training refuses, and what it says."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from small_runs import flags, run

import babelite.training.run
from babelite.cli import main
from babelite.corpus import Cleaning, parse_source
from babelite.errors import BabeliteError
from babelite.storage import locked_folder, sha256
from babelite.training.loop.trainer import Trainer
from babelite.training.presets import make_config
from babelite.training.run import TrainingResult, train


def exit_code(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    """Run a command; how it ends."""
    monkeypatch.setattr(sys, "argv", ["babelite", "train", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def refuse(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> str:
    """Run a command that must end with exit code 2; what it says."""
    code = exit_code(arguments, monkeypatch)
    captured = capfd.readouterr()
    assert code == 2
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return " ".join(captured.err.split())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--objective", "ugt + laser"], ["'laser'", "mlm"]),
        (["--dim", "30", "--heads", "4"], ["--dim 30", "--heads 4"]),
        (["--temperature", "-1"], ["'temperature'", "above 0"]),
        (["--threads", "100000"], ["'threads'", "at most 1024"]),
        (["--dim", "1000000000"], ["'dim'", "at most 8192"]),
        (["--hidden-dim", "1000000000"], ["'hidden_dim'", "at most"]),
        (["--layers", "100000"], ["'layers'", "at most"]),
        (["--batch-size", "1000000000"], ["'batch_size'", "at most"]),
        (["--bag-batch-size", "1000000000"], ["'bag_batch_size'", "at most"]),
        (["--bag-ngrams", "1000"], ["'bag_ngrams'", "at most 20"]),
        (["--vocabulary-size", "1000000000"], ["'vocabulary_size'", "at most"]),
        (["--preset", "huge"], ["'huge'", "default, paper, tiny"]),
        (["--config", "missing.toml"], ["missing.toml", "no such file"]),
        (["--columns", "1"], ["--columns 1", "1,2"]),
        (["--dimension", "4"], ["--dimension"]),
        (["--dim", "wide"], ["--dim", "integer"]),
        (["--precision", "float16", "--device", "cpu"], ["float16", "--precision bfloat16"]),
        (["--compile", "--device", "cpu"], ["C++ compiler", "omit --compile"]),
    ],
)
def test_bad_options_are_refused_before_anything_is_made(
    options: list[str],
    words: list[str],
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "model"
    monkeypatch.setenv("PATH", "")  # no compiler is found
    monkeypatch.delenv("CXX", raising=False)
    message = refuse([str(parallel_file), "--out", str(out), *options], monkeypatch, capfd)
    assert all(word in message for word in words), message
    assert not out.exists()


LINES = "".join(f"the cat number {n}\tle chat numéro {n}\n" for n in range(60))

FEW_SOURCES = "".join(f"the cat number {n % 50}\tle chat numéro {n}\n" for n in range(600))
TWO_SOURCES = "".join(f"the cat number {n % 2}\tle chat numéro {n}\n" for n in range(20))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("en-fr.tsv", b"", ["en-fr.tsv", "no pairs"]),
        ("en-fr.tsv", b"only one column\n" * 30, ["en-fr.tsv, line 1"]),
        ("en-fr.tsv", LINES.encode() + b"torn\n", ["en-fr.tsv, line 61"]),
        ("en-fr.tsv", b"\x00\x01\x02" * 100, ["en-fr.tsv, line 1"]),
        ("en-fr.tsv", LINES.encode("latin-1"), ["en-fr.tsv, line 1", "UTF-8"]),
        ("en-fr.tsv.gz", LINES.encode(), ["en-fr.tsv.gz", "damaged"]),
        ("en-fr.tsv", LINES[:300].encode(), ["en-fr.tsv", "pairs"]),
        ("en-fr.tsv", b"a b\ta b\n" * 100, ["en-fr.tsv", "after cleaning"]),
        ("pairs.tsv", LINES.encode(), ["pairs.tsv", "en-fr="]),
        ("en-fr.tsv", FEW_SOURCES.encode(), ["en-fr.tsv: only 50 of", "--held-out"]),
        ("en-fr.tsv", TWO_SOURCES.encode(), ["en-fr.tsv: no pair of en-fr is left to train on"]),
    ],
)
def test_bad_files_are_refused_with_file_and_line(
    name: str,
    content: bytes,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    arguments = [str(file), "--out", str(tmp_path / "model"), *flags()]
    message = refuse(arguments, monkeypatch, capfd)
    assert all(word in message for word in words), message
    assert not (tmp_path / "model").exists()


def test_weights_near_to_nothing_are_refused_and_nothing_is_left(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out, few = tmp_path / "new" / "model", tmp_path / "few.en-fr.tsv"
    # Its pairs are repetitions, so that only those of almost no weight are left.
    few.write_text("".join(parallel_file.read_text().splitlines(keepends=True)[:30]))
    tiny = f"0.{'0' * 60}1*en-fr={parallel_file}"
    message = refuse([tiny, str(few), "--out", str(out), *flags()], monkeypatch, capfd)
    assert "no text to learn from" in message
    assert not out.parent.exists()


def test_the_same_command_trains_once_its_file_exists(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file, out = tmp_path / "en-fr.tsv", tmp_path / "model"
    arguments = [str(file), "--out", str(out), *flags(bag_steps=5, steps=5)]
    message = refuse(arguments, monkeypatch, capfd)
    assert "en-fr.tsv: there is no such file" in message
    shutil.copy(parallel_file, file)
    assert not exit_code(arguments, monkeypatch)
    assert (out / "model.safetensors").exists()


def test_a_corrected_option_is_not_refused_as_another_run(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "model"
    arguments = [str(parallel_file), "--out", str(out), *flags(bag_steps=1, steps=1)]
    message = refuse([*arguments, "--exclude", str(tmp_path / "typo")], monkeypatch, capfd)
    assert "typo: there is no such file" in message
    assert not out.exists()
    assert not exit_code(arguments, monkeypatch)


def test_prepared_text_is_kept_after_an_error_outside_the_input_files(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "model"

    def full_disk(*others: object, **options: object) -> None:
        raise BabeliteError("No space left on device", code="not-writable", path=out)

    with monkeypatch.context() as patch:
        patch.setattr("babelite.training.prepare.tokenize", full_disk)
        message = refuse([str(parallel_file), "--out", str(out), *flags()], patch, capfd)
    assert "No space left" in message
    assert (out / "training" / "run.json").exists()
    assert (out / "training" / "tokenizer.json").exists()
    assert (out / "training" / "corpus" / "en-fr.tsv").exists()


# Five steps end before a loss is logged.
@pytest.mark.parametrize("steps", [5, 40])
@pytest.mark.parametrize("phase", ["bag", "layers"])
def test_divergence_is_reported_with_the_learning_rate_option(
    phase: str,
    steps: int,
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out, metrics = tmp_path / "model", tmp_path / "model" / "training" / "metrics.jsonl"
    if phase == "bag":
        rate, options = "--bag-learning-rate", {"bag_learning_rate": 1e38, "bag_steps": steps}
    else:
        rate, options = "--learning-rate", {"learning_rate": 1e25, "steps": steps, "bag_steps": 0}
        options |= {"similarity": "dot", "temperature": 1}
    arguments = [str(parallel_file), "--out", str(out), *flags(**options, validations=1)]
    message = refuse(arguments, monkeypatch, capfd)
    assert f"model: training has diverged in the phase '{phase}'" in message
    assert f"lower {rate}" in message
    assert (out / "training" / "tokenizer.json").exists()
    assert metrics.read_text() == ""


def test_another_run_in_the_folder_is_refused(
    finished: tuple[Path, TrainingResult],
    parallel_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    out = finished[0]
    before = sha256(out / "model.safetensors")
    arguments = [str(parallel_file), "--out", str(out), *flags(bag_steps=150, seed=1)]
    message = refuse(arguments, monkeypatch, capfd)
    assert "another run, which differs in seed (was 0, is 1)" in message
    assert sha256(out / "model.safetensors") == before


def test_unusable_output_folders_are_refused(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for out, words in ((tmp_path, "not empty"), (tmp_path / "notes.txt", "is a file")):
        message = refuse([str(parallel_file), "--out", str(out)], monkeypatch, capfd)
        assert words in message
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_another_process_trains_in_is_refused(
    parallel_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "model" / "training"
    work.mkdir(parents=True)
    arguments = [str(parallel_file), "--out", str(tmp_path / "model"), *flags()]
    with locked_folder(work):
        message = refuse(arguments, monkeypatch, capfd)
    assert "is locked by another process" in message
    assert [path.name for path in work.iterdir()] == [".lock"]


def test_the_minutes_are_available_again_after_a_long_preparation(
    parallel_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "model"
    with monkeypatch.context() as patch:
        patch.setattr(babelite.training.run, "training_ends", lambda config: 0.0)
        with pytest.raises(BabeliteError, match="--minutes 5 leaves none to train") as refused:
            run(parallel_file, out, minutes=5)
    assert "again" in str(refused.value)
    tokens = out / "training" / "tokens" / "en-fr"
    made = {path: path.stat().st_mtime_ns for path in tokens.iterdir()}
    monkeypatch.setattr(Trainer, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):  # it has come to training, from the text that was there
        run(parallel_file, out, minutes=5)
    assert {path: path.stat().st_mtime_ns for path in tokens.iterdir()} == made


def interrupted(trainer: Trainer) -> None:
    raise KeyboardInterrupt


def test_a_run_with_changed_excluded_files_is_refused(parallel_file: Path, tmp_path: Path) -> None:
    excluded = tmp_path / "test-set.tsv"
    excluded.write_text("a sentence\tune phrase\n", encoding="utf-8")
    config, out = make_config("tiny", None, {"steps": 1, "bag_steps": 1}), tmp_path / "model"
    sources, cleaning = [parse_source(str(parallel_file))], Cleaning(exclude=(str(excluded),))
    train(sources, out, config, cleaning=cleaning)
    train(sources, out, config, cleaning=cleaning)
    excluded.write_text("a sentence\tune phrase\nand one more\tencore une\n", encoding="utf-8")
    with pytest.raises(BabeliteError, match="the files of --exclude"):
        train(sources, out, config, cleaning=cleaning)
