"""The text that the packaged model is trained on."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from texts import write_texts

from babelite.errors import BabeliteError


def data(folder: Path, **lines: list[str]) -> Path:
    for language in ("fr", "de", "es", "it"):
        with gzip.open(folder / f"en-{language}.tsv.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(f"{line}\n" for line in lines.get(language, []))
    return folder


def rows(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return stream.read().splitlines()


def test_kinds_get_files_and_english_joins_two_languages(tmp_path: Path) -> None:
    folder = data(
        tmp_path,
        fr=["Hello\tBonjour\ttatoeba", "hello\tSalut\ttatoeba", "Print\tImprimer\tapps-ui"],
        de=["Hello\tHallo\ttatoeba", "Peace\tFrieden\tbible"],
    )
    sources = write_texts(folder, tmp_path / "text", lambda text: None)
    found = {Path(source.paths[0]).name: rows(Path(source.paths[0])) for source in sources}
    assert found == {
        "en-fr.everyday.tsv.gz": ["Hello\tBonjour", "hello\tSalut"],
        "en-fr.technical.tsv.gz": ["Print\tImprimer"],
        "en-de.everyday.tsv.gz": ["Hello\tHallo"],
        "en-de.prose.tsv.gz": ["Peace\tFrieden"],
        "fr-de.everyday.tsv.gz": ["Bonjour\tHallo", "Salut\tHallo"],
    }
    assert {source.weight for source in sources} == {1.5, 0.3, 1.0, 0.5}


def test_a_line_without_a_source_is_told(tmp_path: Path) -> None:
    folder = data(tmp_path, fr=["Hello\tBonjour"])
    with pytest.raises(BabeliteError, match=r"en-fr\.tsv\.gz, line 1: has 2 columns instead of"):
        write_texts(folder, tmp_path / "text", lambda text: None)
