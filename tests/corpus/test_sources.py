"""Parsing of pair sources and language codes, and errors of unreadable sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Pair, PairSource, RepeatedSources, parse_source, read_sources
from babelite.corpus.languages import base_language, matches_language, parse_language_pair


@pytest.mark.parametrize(
    ("text", "paths", "name"),
    [
        ("en-fr.tsv", ("en-fr.tsv",), "en-fr"),
        ("data/tatoeba.EN_DE.tsv.gz", ("data/tatoeba.EN_DE.tsv.gz",), "en-de"),
        ("de-en=memory.tmx", ("memory.tmx",), "de-en"),
        ("en-pt_BR=x.tsv", ("x.tsv",), "en-pt_BR"),
        ("de-en=en-fr.tsv", ("en-fr.tsv",), "de-en"),
        ("train.en,train.fr", ("train.en", "train.fr"), "en-fr"),
        ("a/x.it.gz,a/x.en.gz", ("a/x.it.gz", "a/x.en.gz"), "it-en"),
        ("OPUS.en-fr.fr,OPUS.en-fr.en", ("OPUS.en-fr.fr", "OPUS.en-fr.en"), "fr-en"),
        ("en-fr=-", ("-",), "en-fr"),
        ("eng-fra=a,b", ("a", "b"), "eng-fra"),
    ],
)
def test_parse_source(text: str, paths: tuple[str, ...], name: str) -> None:
    source = parse_source(text)
    assert (source.paths, source.name) == (paths, name)


@pytest.mark.parametrize("text", ["pairs.tsv", "my-set.tsv", "-", "en-fr.de-en.tsv", "a,b"])
def test_unknown_languages_are_an_error_with_an_example(text: str) -> None:
    with raises("languages-unknown", f"en-fr={text}"):
        parse_source(text)


def test_given_languages_override_the_file_name() -> None:
    assert parse_source("en-fr.tsv", languages=("fr", "en")).name == "fr-en"
    assert parse_source("de-en=en-fr.tsv", languages=("fr", "en")).name == "de-en"


def test_too_many_files() -> None:
    with raises("input-invalid", "3 files"):
        parse_source("en-fr=a,b,c")
    with raises("input-invalid", "2 files"):
        parse_source("en-fr=a,")


def test_a_file_with_a_comma_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "one,two.en-fr.tsv"
    path.write_text("a\tb\n")
    assert list(parse_source(str(path)).read()) == [Pair("a", "b")]


def test_read_sources(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.tsv").write_text(f"{name}\t{name}\n")
    sources = [parse_source(f"en-fr={tmp_path / name}.tsv") for name in "ab"]
    assert list(read_sources(sources)) == [Pair("a", "a"), Pair("b", "b")]


def test_no_pairs(tmp_path: Path) -> None:
    path = tmp_path / "en-fr.tsv"
    for content in ("", "\n\n"):
        path.write_text(content)
        with raises("input-empty"):
            list(parse_source(str(path)).read())


def test_wrong_path_folder_and_ending(tmp_path: Path) -> None:
    with raises("file-not-found"):
        list(PairSource((str(tmp_path / "no.tsv"),), "en", "fr").read())
    for name in ("folder.tsv", "folder.parquet", "folder.tmx", "folder.po"):
        (tmp_path / name).mkdir()
        with raises("is-a-folder"):
            list(PairSource((str(tmp_path / name),), "en", "fr").read())
    with raises("format-unknown", r"docx"):
        list(PairSource(("a.docx",), "en", "fr").read())
    with raises("format-unknown", "'xls'.*tsv"):
        list(PairSource(("a.tsv",), "en", "fr", format="xls").read())


@pytest.mark.parametrize(
    ("wanted", "found", "answer"),
    [
        ("en", "en", True),
        ("en", "EN-us", True),
        ("en_US", "en", False),
        ("pt_BR", "pt-br", True),
        ("de", "de_Informal", True),
        ("zh", "zh_CN", True),
        ("zh", "zh_TW", False),
        ("zh_TW", "zh-Hant", False),
        ("zh_Hant", "zh_TW", True),
        ("zh_Hans", "zh", True),
        ("sr", "sr_Latn", False),
        ("sr_Latn", "sr_Latn", True),
        ("fr", "de", False),
    ],
)
def test_matches(wanted: str, found: str, answer: bool) -> None:
    assert matches_language(wanted, found) is answer


def test_base_language() -> None:
    assert [base_language(code) for code in ("fr", "pt_BR", "EN-us", "ca@valencia")] == [
        "fr",
        "pt",
        "en",
        "ca",
    ]


def test_a_weight_stands_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = parse_source("2.5*en-fr=a.tsv")
    assert (found.weight, found.name, found.paths) == (2.5, "en-fr", ("a.tsv",))
    assert parse_source(".3*a.en,a.fr").weight == 0.3
    assert parse_source("en-fr.tsv").weight == 1
    (tmp_path / "2*en-fr.tsv").touch()
    found = parse_source("2*en-fr.tsv")
    assert (found.weight, found.paths) == (1, ("2*en-fr.tsv",))
    with raises("input-invalid", "weight of 0"):
        parse_source("0*en-fr.tsv.gz")


def test_a_file_name_that_looks_like_a_language_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-set=1.tsv").write_text("a\tb\n")
    assert parse_source("en-fr=my-set=1.tsv").paths == ("my-set=1.tsv",)
    assert parse_source("my-set=1.tsv", languages=("en", "fr")).paths == ("my-set=1.tsv",)


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("en-fr", ("en", "fr")),
        ("en_US-fr_FR", ("en_US", "fr_FR")),
        ("en-US-fr-FR", ("en-US", "fr-FR")),
        ("en-US, fr-FR", ("en-US", "fr-FR")),
        ("pt-BR-en", ("pt-BR", "en")),
        ("en-zh-Hant", ("en", "zh-Hant")),
        ("EN-DE", ("EN", "DE")),
        ("pt-br-en", None),
        ("enfr", None),
        ("en", None),
        ("en,fr,de", None),
        ("", None),
    ],
)
def test_parse_language_pair(text: str, languages: tuple[str, str] | None) -> None:
    assert parse_language_pair(text) == languages


@pytest.mark.parametrize("prefix", ["en-US,fr-FR", "en-US-fr-FR", "en_US-fr_FR"])
def test_a_prefix_may_name_regions(prefix: str) -> None:
    source = parse_source(f"{prefix}=memory.tmx")
    assert [code.replace("_", "-") for code in source.languages] == ["en-US", "fr-FR"]
    assert source.paths == ("memory.tmx",)


@pytest.mark.parametrize(
    ("code", "base"), [("pt_BR", "pt"), ("DE", "de"), ("fra_Latn", "fr"), ("ger", "de")]
)
def test_the_base_language_of_a_code(code: str, base: str) -> None:
    assert base_language(code) == base


def test_sources_that_change_between_two_readings_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "en-fr.tsv"
    path.write_text("one\tun\n")
    text = RepeatedSources([parse_source(str(path))])
    assert list(text.read()) == list(text.read()) == [Pair("one", "un")]
    path.write_text("two\tun\n")
    with raises("file-changed", r"en-fr\.tsv: changed"):
        list(text.read())
