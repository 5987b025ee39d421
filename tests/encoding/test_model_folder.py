"""A model folder is complete, unchanged and readable, or it is refused with a hint."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import random_model
import yaml
from tokenizers import Tokenizer

from babelite.encoding import model_writer
from babelite.encoding.model_description import TrainingData
from babelite.encoding.model_folder import read_model_folder
from babelite.encoding.model_writer import ModelContents, write_model_folder
from babelite.errors import BabeliteError


@pytest.fixture(scope="module")
def contents() -> ModelContents:
    return random_model.contents(layers=1)


@pytest.fixture
def folder(tmp_path: Path, contents: ModelContents) -> Path:
    write_model_folder(tmp_path / "model", contents, random_model.description())
    return tmp_path / "model"


def change(path: Path, **fields: object) -> None:
    saved = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(saved | fields), encoding="utf-8")


def test_a_written_folder_is_read_unchanged(folder: Path) -> None:
    model = read_model_folder(folder, verify="all")
    assert model.path == folder
    assert replace(model.description, files={}) == random_model.description()
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {*model.description.files, "babelite.json"}
    assert {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "modules.json",
        "1_Pooling/config.json",
        "sentence_bert_config.json",
        "onnx/model.onnx",
        "onnx/model_int8.onnx",
        "README.md",
    } <= found


def test_weights_may_come_as_a_file(tmp_path: Path, contents: ModelContents) -> None:
    source = tmp_path / "weights"
    source.write_bytes(b"some weights")
    out = tmp_path / "model"
    write_model_folder(out, replace(contents, weights=source), random_model.description())
    assert (out / "model.safetensors").read_bytes() == b"some weights"
    assert source.exists()


def test_saved_tokenizer_is_the_same_and_smaller(folder: Path, contents: ModelContents) -> None:
    given = Tokenizer.from_str(contents.tokenizer)
    saved = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text in random_model.TEXT:
        assert saved.encode(text).ids == given.encode(text).ids
    assert (folder / "tokenizer.json").stat().st_size < 0.6 * len(contents.tokenizer.encode())


@pytest.mark.parametrize(
    ("name", "problem"),
    [("nowhere", "no such folder"), (".", "not a complete model folder"), ("file", "not a folder")],
)
def test_a_folder_without_a_model_is_refused(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BabeliteError, match=problem) as caught:
        read_model_folder(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_changed_file_is_refused_when_it_is_used(folder: Path) -> None:
    with (folder / "tokenizer.json").open("a", encoding="utf-8") as stream:
        stream.write(" ")
    model = read_model_folder(folder)
    assert model.file("onnx/model.onnx") == folder / "onnx/model.onnx"
    with pytest.raises(BabeliteError, match=r"tokenizer\.json: was changed after it was written;"):
        model.file("tokenizer.json")
    with pytest.raises(BabeliteError, match="was changed after it was written"):
        read_model_folder(folder, verify="all")


def test_missing_file_is_refused(folder: Path) -> None:
    (folder / "onnx/model_int8.onnx").unlink()
    with pytest.raises(BabeliteError, match=r"model_int8\.onnx: is missing"):
        read_model_folder(folder).file("onnx/model_int8.onnx")


def test_file_that_is_not_part_of_the_model_is_refused(
    tmp_path: Path, contents: ModelContents
) -> None:
    only_float = replace(contents, graphs={"float32": contents.graphs["float32"]}, weights=None)
    model = write_model_folder(tmp_path, only_float, random_model.description())
    with pytest.raises(BabeliteError, match=r"no file onnx/model_int8\.onnx.*float32"):
        model.file("onnx/model_int8.onnx")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"format_version": 2}, "newer format.*pip install --upgrade babelite"),
        ({"dim": 0}, "dim: should be a whole number above zero"),
        ({"surprise": 1}, "surprise: .*unknown"),
        ({"languages": "en"}, "languages: should be language codes"),
        ({"metrics": {"P@1": "high"}}, "metrics: should be an object of numbers"),
        ({"precision": "int4"}, "precision: should be int8 or float32"),
        ({"created": 2026}, "created: should be a date"),
        ({"created": "yesterday"}, "yesterday"),
        ({"data": [{"languages": ["en", "no"]}]}, "missing.*source"),
        ({"data": ["talks"]}, "data: should be objects"),
        ({"files": {"a": 1}}, "files: should be an object of checksums"),
        ({"files": {"../outside": "0"}}, "inside the folder"),
        ({"files": {"/etc/passwd": "0"}}, "inside the folder"),
        ({"files": {"a\\b": "0"}}, "inside the folder"),
    ],
)
def test_invalid_description_is_refused(
    folder: Path, fields: dict[str, object], problem: str
) -> None:
    change(folder / "babelite.json", **fields)
    with pytest.raises(BabeliteError, match=rf"babelite\.json: .*{problem}"):
        read_model_folder(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format_version": "new"}'])
def test_broken_description_is_refused(folder: Path, text: str) -> None:
    (folder / "babelite.json").write_text(text, encoding="utf-8")
    with pytest.raises(BabeliteError, match=r"babelite\.json: is not a valid model description"):
        read_model_folder(folder)


def test_binary_description_is_refused(folder: Path) -> None:
    (folder / "babelite.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BabeliteError, match="not a valid model description"):
        read_model_folder(folder)


def test_writing_again_replaces_the_model_and_nothing_else(
    folder: Path, contents: ModelContents
) -> None:
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    only_float = replace(contents, graphs={"float32": contents.graphs["float32"]})
    write_model_folder(folder, only_float, random_model.description(name="second"))
    assert read_model_folder(folder, verify="all").description.name == "second"
    assert not (folder / "onnx/model_int8.onnx").exists()
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not list(folder.glob(".*"))


def test_failure_before_the_end_leaves_the_old_model(
    folder: Path, contents: ModelContents, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_writer, "sha256", full)
    with pytest.raises(BabeliteError, match=r"cannot be written \(No space left on device\)"):
        write_model_folder(folder, contents, random_model.description(name="second"))
    monkeypatch.undo()
    assert read_model_folder(folder, verify="all").description.name == "small & random"
    assert not list(folder.glob(".*"))


def test_failure_while_files_are_moved_leaves_an_unfinished_folder(
    folder: Path, contents: ModelContents, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_file = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if target.name == "modules.json":
            raise OSError(5, "Input/output error")
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(BabeliteError, match="cannot be written"):
        write_model_folder(folder, contents, random_model.description(name="second"))
    monkeypatch.undo()
    with pytest.raises(BabeliteError, match="not a complete model folder"):
        read_model_folder(folder)
    write_model_folder(folder, contents, random_model.description(name="third"))
    assert read_model_folder(folder, verify="all").description.name == "third"


def test_leftovers_of_a_killed_run_are_deleted(folder: Path, contents: ModelContents) -> None:
    stale = folder / ".unfinished-model" / "stale.bin"
    stale.parent.mkdir()
    stale.touch()
    write_model_folder(folder, contents, random_model.description())
    assert not (folder / "stale.bin").exists()
    assert not stale.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_refused(tmp_path: Path, contents: ModelContents) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BabeliteError, match="cannot be written"):
        write_model_folder(tmp_path / "model", contents, random_model.description())


def test_file_instead_of_the_folder_is_refused(tmp_path: Path, contents: ModelContents) -> None:
    (tmp_path / "model").write_text("mine", encoding="utf-8")
    with pytest.raises(BabeliteError, match="cannot be written"):
        write_model_folder(tmp_path / "model", contents, random_model.description())
    assert (tmp_path / "model").read_text(encoding="utf-8") == "mine"


def test_folder_can_be_moved(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder, tmp_path / "elsewhere")
    read_model_folder(tmp_path / "elsewhere", verify="all")


def test_card_names_languages_results_and_uses(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    _, front, body = re.split(r"^---$", card, maxsplit=2, flags=re.MULTILINE)
    fields = yaml.safe_load(front)
    assert fields["language"] == ["en", "no"]
    assert fields["library_name"] == "sentence-transformers"
    assert fields["license"] == "MIT"
    assert "# small & random" in body
    assert "| P@1 en-no | 0.9375 |" in body
    assert "| en-no | en-no.tsv.gz | 1,000 |" in body
    for code in re.findall(r"```python\n(.*?)```", body, flags=re.DOTALL):
        compile(code, "card", "exec")
    assert {"Encoder.load", "SentenceTransformer(", "TextEmbedding("} <= set(
        re.findall(r"Encoder\.load|SentenceTransformer\(|TextEmbedding\(", body)
    )


def test_card_without_weights_has_no_sentence_transformers_code(
    tmp_path: Path, contents: ModelContents
) -> None:
    only_int8 = replace(contents, graphs={"int8": contents.graphs["int8"]}, weights=None)
    write_model_folder(tmp_path, only_int8, random_model.description())
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "SentenceTransformer(" not in card
    assert 'model_file="onnx/model_int8.onnx"' in card


def test_card_contains_licences_and_notes(tmp_path: Path, contents: ModelContents) -> None:
    data = (
        TrainingData(languages=("en", "no"), source="talks", pairs=20, license="CC0"),
        TrainingData(languages=("en", "no"), source="mail", pairs=1),
    )
    notes = "## What it is bad at\n\nJokes.\n"
    description = replace(random_model.description(), data=data, notes=notes)
    write_model_folder(tmp_path, contents, description)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| en-no | talks | 20 | CC0 |\n| en-no | mail | 1 |  |" in card
    assert card.endswith(notes)
    assert read_model_folder(tmp_path).description == replace(
        description, files=read_model_folder(tmp_path).description.files
    )
