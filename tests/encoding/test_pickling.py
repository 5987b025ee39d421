"""Encoders are pickled and copied by folder and options."""

from __future__ import annotations

import copy
import json
import multiprocessing
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import random_model

from babelite import BabeliteError, Encoder, open_encoder
from babelite.encoding import AdaptedEncoder

TEXTS = ["heute", "Погода сегодня", ""]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random_model.write(tmp_path / "model", layers=0)
    return tmp_path / "model"


def vectors(encoder: Encoder) -> np.ndarray:
    return encoder.encode(TEXTS)


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_an_encoder_is_loaded_again_with_its_options(
    folder: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    encoder = Encoder.load("model", precision=precision, threads=1)  # type: ignore[arg-type]
    data = pickle.dumps(encoder)
    monkeypatch.chdir("/")  # the path is absolute
    again = pickle.loads(data)
    assert again.precision == precision
    np.testing.assert_array_equal(vectors(again), vectors(encoder))
    assert pickle.dumps(again) == data


def test_a_pickle_of_the_packaged_model_is_small_and_names_no_folder() -> None:
    data = pickle.dumps(Encoder.load())
    assert len(data) < 500
    assert str(Path.cwd()).encode() not in data
    assert pickle.loads(data).languages == Encoder.load().languages


def test_a_copy_is_the_same_encoder(folder: Path) -> None:
    encoder = Encoder.load(folder)
    assert copy.deepcopy({"encoder": encoder})["encoder"] is encoder
    assert copy.copy(encoder) is encoder
    adapted = AdaptedEncoder("ones", lambda texts: np.ones((len(texts), 2)))
    assert copy.deepcopy(adapted) is adapted is copy.copy(adapted)


def test_a_missing_folder_is_named(folder: Path) -> None:
    data = pickle.dumps(Encoder.load(folder))
    shutil.rmtree(folder)
    with pytest.raises(BabeliteError, match=str(folder)) as caught:
        pickle.loads(data)
    assert caught.value.code == "model-not-found"


def test_another_model_in_the_folder_is_refused(folder: Path) -> None:
    data = pickle.dumps(Encoder.load(folder))
    fields = json.loads((folder / "babelite.json").read_text(encoding="utf-8"))
    fields["max_tokens"] = 3
    (folder / "babelite.json").write_text(json.dumps(fields), encoding="utf-8")
    with pytest.raises(BabeliteError, match="another model") as caught:
        pickle.loads(data)
    assert caught.value.code == "model-changed"


def test_a_spawned_pool_encodes(folder: Path) -> None:
    encoder = Encoder.load(folder, threads=1)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (found,) = pool.map(encoder.encode, [TEXTS])
    np.testing.assert_array_equal(found, vectors(encoder))


def test_encoders_of_other_libraries_are_opened_again_by_their_spec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "class Model:\n    def __init__(self):\n        self.lock = __import__('threading').Lock()"
    )
    source += "\n    def encode(self, texts):\n        return [[len(t), 1] for t in texts]\n"
    (tmp_path / "locked_model.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    encoder = open_encoder("locked_model:Model")
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.encode(["abc"]), encoder.encode(["abc"]))
