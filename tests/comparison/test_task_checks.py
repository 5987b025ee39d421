"""Checks of task files and languages before training."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_comparison import SMALL, read_grid

from babelite.errors import BabeliteError


@pytest.mark.parametrize("file", ["en-fr.tsv", "test.en-fr.tsv", "sts.en.tsv"])
def test_a_missing_file_is_reported_before_training(file: str, text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match=f"absent.{file}") as caught:
        read_grid(SMALL.replace(f'"{file}"', f'"absent.{file}"'), text, tmp_path)
    assert caught.value.code == "file-not-found"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ('pairs = ["test.en-fr.tsv", "more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv", "fr-en=more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv"]\nsib200 = "sib"', "test.en-fr.tsv"),
    ],
)
def test_two_texts_of_a_language_pair_need_two_tasks(
    change: str, where: str, text: Path, tmp_path: Path
) -> None:
    shutil.copyfile(text / "test.en-fr.tsv", text / "more.en-fr.tsv")
    for folder in ("eng_Latn", "fra_Latn", "deu_Latn"):
        (text / "sib" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib" / folder / "test.tsv").touch()
    config = SMALL.replace('pairs = ["test.en-fr.tsv"]', change)
    with pytest.raises(BabeliteError, match=rf"{where}: .* second text of .* task 'pairs'"):
        read_grid(config, text, tmp_path)
    separate = 'pairs = ["test.en-fr.tsv"]\nsib200 = "sib"\nlanguages = ["en", "de"]'
    read_grid(SMALL.replace('pairs = ["test.en-fr.tsv"]', separate), text, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        'documents = "topics"\ntrain = "eng"',
        'documents = "topics"\nlanguages = ["en", "eng"]',
        'documents = "sib-topics"\ntrain = "eng"',
        'documents = "topics"\n[[tasks]]\nkind = "retrieval"\nname = "more"\n'
        'sib200 = "sib-topics"\nlanguages = ["eng", "fr"]',
    ],
)
def test_an_unknown_language_is_reported_with_the_available_ones(
    change: str, text: Path, tmp_path: Path
) -> None:
    for folder in ("eng_Latn", "fra_Latn"):
        (text / "sib-topics" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib-topics" / folder / "train.tsv").touch()
    config = SMALL.replace('documents = "topics"\nseeds = [0, 1]', change)
    with pytest.raises(
        BabeliteError, match=r"topics: has no text in 'eng', .*'(topics|more)'; .* en, fr"
    ):
        read_grid(config, text, tmp_path)
    read_grid(config.replace('"eng"', '"en"'), text, tmp_path)
