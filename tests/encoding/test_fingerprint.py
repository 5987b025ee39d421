import shutil
from pathlib import Path

import pytest
import random_model

from babelite.encoding.encoder import Encoder
from babelite.errors import BabeliteError
from babelite.index import Index

LINES = ["The weather is nice.", "Das Wetter ist schön.", "Il fait beau."]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    random_model.write(folder / "two")
    random_model.write(folder / "one", layers=1)
    return folder


def test_an_index_opens_the_model_it_was_made_with(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(models)
    Index.build(LINES, Encoder.load("two"), tmp_path / "index", spec="two")
    monkeypatch.chdir(tmp_path)
    assert Index.open("index").search([LINES[1]], 1)[0][0].row == 1


def test_another_model_is_refused_by_its_checksum(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    Index.build(LINES, Encoder.load(models / "two"), folder, spec=str(models / "two"))
    with pytest.raises(BabeliteError, match=r"index: was made with the model small & random \(/"):
        Index.open(folder, Encoder.load(models / "one")).search(["x"])
    copy = shutil.copytree(models / "two", tmp_path / "copy")
    assert Index.open(folder, Encoder.load(copy)).search([LINES[0]], 1)[0][0].row == 0


def test_a_deleted_model_is_an_error_when_it_is_needed(models: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(models / "two", tmp_path / "copy")
    index = Index.build(LINES, Encoder.load(copy), tmp_path / "index", spec=str(copy))
    shutil.rmtree(copy)
    with pytest.raises(BabeliteError, match=r"model .*copy, which does not open") as caught:
        Index.open(index.folder).search(["x"])
    assert caught.value.code == "encoder-unknown"
    assert len(Index.open(index.folder)) == 3


def test_a_model_changed_in_place_is_refused(models: Path, tmp_path: Path) -> None:
    place = shutil.copytree(models / "two", tmp_path / "model")
    Index.build(LINES, Encoder.load(place), tmp_path / "index", spec=str(place))
    shutil.rmtree(place)
    shutil.copytree(models / "one", place)
    with pytest.raises(BabeliteError, match="another model gives other vectors") as caught:
        Index.open(tmp_path / "index").search(["x"])
    assert caught.value.code == "encoder-mismatch"


def test_unknown_token_share_is_high_in_an_unknown_script(models: Path) -> None:
    shares = Encoder.load(models / "two").unknown_token_share(
        ["The weather", "ქართული", "", "The ქარ"]
    )
    assert shares[0] == 0
    assert shares[1] > 0.5
    assert shares[2] == 1
    assert 0 < shares[3] < 1
