"""Gathering sentence pairs from the catalogs of folders, archives and packages."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Pair, gather_catalog_pairs
from babelite.corpus.catalogs.discovery import parse_catalog_name
from babelite.corpus.catalogs.interface_text import clean_message
from babelite.errors import MissingExtraError


def po(*messages: tuple[str, str], note: str = "") -> str:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    return head + "".join(f'{note}msgid "{a}"\nmsgstr "{b}"\n\n' for a, b in messages)


SENTENCE = ("Please open the _file now", "Veuillez _ouvrir le fichier")
PAIR = Pair("Please open the file now", "Veuillez ouvrir le fichier")

FILES = {
    "app/locale/fr/LC_MESSAGES/app.po": po(SENTENCE),
    "app/locale/de/LC_MESSAGES/app.po": po(("Please open the file", "Bitte die Datei \u00f6ffnen")),
    "app/readme.txt": "nothing",
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def gathered(place: Path | str, *languages: str, **kwargs: int | str) -> list[tuple[str, Pair]]:
    source = str(kwargs.pop("source", "en"))
    return list(gather_catalog_pairs([place], source, languages or ("fr",), **kwargs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "language", "domain"),
    [
        ("a/locale/fr/LC_MESSAGES/x.mo", "fr", "a/locale/*/LC_MESSAGES/x"),
        ("docs/pt_BR/LC_MESSAGES/howto/logging.po", "pt_BR", "docs/*/LC_MESSAGES/howto/logging"),
        ("locale/ast/LC_MESSAGES/x.mo", "ast", "locale/*/LC_MESSAGES/x"),
        ("locales/de.po", "de", "locales/*"),
        ("po/sr@latin.po", "sr@latin", "po/*"),
        ("i18n/fr/to.po", "to", "i18n/fr/*"),
        ("i18n/fr/how-to.po", "fr", "i18n/*/how-to"),
        ("x/messages.zh_TW.xlf", "zh_TW", "x/messages.*"),
        ("x/django-fr.po", "fr", "x/django-*"),
    ],
)
def test_parse_catalog_name(name: str, language: str, domain: str) -> None:
    assert parse_catalog_name(name) == (language, domain)


@pytest.mark.parametrize(
    "name", ["x/app.po", "x/my-set.po", "LC_MESSAGES/x.po", "templates/en.pot/x.po"]
)
def test_no_language_in_the_name(name: str) -> None:
    assert parse_catalog_name(name) is None


def test_folder(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert gathered(tmp_path) == [("fr", PAIR)]
    both = gathered(tmp_path, "de", "fr")
    assert [language for language, _ in both] == ["de", "fr"]


def test_wheel_and_source_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app-1-py3-none-any.whl", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    for ending in ("gz", "xz", "bz2"):
        with tarfile.open(tmp_path / f"app.tar.{ending}", f"w:{ending}") as packed:  # type: ignore[call-overload]
            for name, text in FILES.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                packed.addfile(member, io.BytesIO(text.encode()))
    for path in tmp_path.iterdir():
        assert gathered(path) == [("fr", PAIR)], path
    assert gathered(tmp_path) == [("fr", PAIR)] * 4
    assert not (tmp_path / "app").exists()


def test_single_catalog(tmp_path: Path) -> None:
    write(tmp_path, {"fr.po": po(SENTENCE)})
    assert gathered(tmp_path / "fr.po") == [("fr", PAIR)]
    write(tmp_path, {"notes.txt": ""})
    with raises("format-unknown", r"notes\.txt"):
        gathered(tmp_path / "notes.txt")


def test_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {**FILES, "app/__init__.py": "raise RuntimeError"})
    monkeypatch.syspath_prepend(tmp_path)
    assert gathered("app") == [("fr", PAIR)]
    record = "".join(f"{name},,\n" for name in FILES)
    metadata = "Metadata-Version: 2.1\nName: the-app\nVersion: 1\n"
    write(
        tmp_path, {"the_app-1.dist-info/METADATA": metadata, "the_app-1.dist-info/RECORD": record}
    )
    assert gathered("the-app") == [("fr", PAIR)]


def test_main_is_not_an_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    with raises("file-not-found", "__main__"):
        gathered("__main__")


def test_missing_place_and_missing_language(tmp_path: Path) -> None:
    with raises("file-not-found", r"no-such-thing"):
        gathered("no-such-thing")
    with raises("option-missing"):
        list(gather_catalog_pairs([tmp_path]))


def test_damaged_archives(tmp_path: Path) -> None:
    for name in ("a.whl", "a.tar.gz"):
        (tmp_path / name).write_bytes(b"not an archive at all")
        with raises("file-damaged"):
            gathered(tmp_path / name)


def test_a_broken_catalog_is_skipped_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "b/fr.po": 'msgid "a'})
    with pytest.warns(UserWarning, match=r"skipped: .*fr\.po: is not a message catalog"):
        assert gathered(tmp_path) == [("fr", PAIR)]


def test_source_form_is_preferred_to_the_compiled_one(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "app/locale/fr/LC_MESSAGES/app.mo").write_bytes(b"not even read")
    assert gathered(tmp_path) == [("fr", PAIR)]


def test_regions_and_scripts(tmp_path: Path) -> None:
    names = {"fr_CA": "Qu\u00e9bec", "zh_CN": "simplified", "zh_TW": "traditional"}
    write(
        tmp_path,
        {f"po/{code}.po": po(("one two three four", text)) for code, text in names.items()},
    )
    assert [pair.target for _, pair in gathered(tmp_path, "fr")] == ["Qu\u00e9bec"]
    assert [pair.target for _, pair in gathered(tmp_path, "zh")] == ["simplified"]
    assert [pair.target for _, pair in gathered(tmp_path, "zh_TW")] == ["traditional"]
    assert gathered(tmp_path, "fr_FR") == []


def test_message_keys_are_replaced_by_their_text(tmp_path: Path) -> None:
    french = po(("help_open", "Cliquez ici pour ouvrir"), ("label_gone", "Un texte sans original"))
    english = po(("help_open", "Click here to open"))
    write(tmp_path, {"locales/fr.po": french, "locales/en.po": english})
    assert gathered(tmp_path) == [("fr", Pair("Click here to open", "Cliquez ici pour ouvrir"))]
    noted = po(("help_open", "Cliquez ici pour ouvrir"), note='#. Default: "Press here to open"\n')
    write(tmp_path, {"locales/fr.po": noted})
    assert gathered(tmp_path) == [("fr", Pair("Press here to open", "Cliquez ici pour ouvrir"))]


def test_other_source_languages_are_read_from_their_own_catalogs(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "po/de.po": po(
                ("Open the file now please", "Bitte die Datei jetzt \u00f6ffnen"), ("b", "c")
            ),
            "po/fr.po": po(("Open the file now please", "Veuillez ouvrir le fichier")),
        },
    )
    pair = Pair("Bitte die Datei jetzt \u00f6ffnen", "Veuillez ouvrir le fichier")
    assert gathered(tmp_path, "fr", source="de") == [("fr", pair)]


def test_short_messages(tmp_path: Path) -> None:
    write(tmp_path, {"fr.po": po(("Open file", "Ouvrir un fichier"), ("Cancel", "Annuler"))})
    assert gathered(tmp_path) == []
    assert len(gathered(tmp_path, min_words=2)) == 1
    assert len(gathered(tmp_path, min_words=1)) == 2


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("&Open file", "&Ouvrir", ("Open file", "Ouvrir")),
        ("E_xit now", "_Quitter", ("Exit now", "Quitter")),
        ("Save _As", "\u4fdd\u5b58 (_A)", ("Save As", "\u4fdd\u5b58")),
        ("~Edit it", "\u7de8\u8f2f(~E)", ("Edit it", "\u7de8\u8f2f")),
        ("B&W outline", "Contour B&W", ("B&W outline", "Contour B&W")),
        (
            "the file_name option",
            "l'option file_name",
            ("the file_name option", "l'option file_name"),
        ),
        ("Q&amp;A &lt;here&gt;", "Questions &mdash; ici", ("Q&A <here>", "Questions \u2014 ici")),
        ('a <a href="x">link</a><br/>b', "un <b>lien</b>", ("a link b", "un lien")),
        (
            "ancestors of <person>",
            "parents de <individu>",
            ("ancestors of <person>", "parents de <individu>"),
        ),
        ("line\none", "ligne\nune", ("line one", "ligne une")),
        (
            "%(user_name)s said %d",
            "%d par %(user_name)s",
            ("%(user_name)s said %d", "%d par %(user_name)s"),
        ),
        ("{a} of {b}", "{b} {a}", ("{a} of {b}", "{b} {a}")),
        (
            "100%% sure, %s",
            "%s, s\u00fbr \u00e0 100%%",
            ("100% sure, %s", "%s, s\u00fbr \u00e0 100%"),
        ),
        ("50% of all", "50 % de tout", ("50% of all", "50 % de tout")),
        ("%s files", "fichiers", None),
        ("{name} of", "{nom} de", None),
        ("$d days", "jours", None),
        ("${n} days", "${n} jours", ("${n} days", "${n} jours")),
        ("%1 of %2", "%2 %2", None),
    ],
)
def test_clean_message(source: str, target: str, expected: tuple[str, str] | None) -> None:
    assert clean_message(source, target) == expected


def test_a_missing_library_is_an_error_and_no_skipped_catalog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = tmp_path / "fr" / "LC_MESSAGES" / "app.po"
    catalog.parent.mkdir(parents=True)
    catalog.write_text('msgid "one two three four"\nmsgstr "un deux trois quatre"\n')
    assert len(list(gather_catalog_pairs([tmp_path], "en", ["fr"]))) == 1
    monkeypatch.setitem(sys.modules, "translate.storage", None)
    with pytest.raises(MissingExtraError, match=r"babelite\[corpus\]"):
        list(gather_catalog_pairs([tmp_path], "en", ["fr"]))


def xliff(source: str, target: str, text: str, translation: str) -> str:
    return (
        f"<file source-language='{source}' target-language='{target}'><body><trans-unit id='1'>"
        f"<source>{text}</source><target>{translation}</target></trans-unit></body></file>"
    )


def test_xliff_has_the_languages_that_it_declares(tmp_path: Path) -> None:
    french = xliff("en-US", "fr-FR", "Please open the file now", "Veuillez ouvrir le fichier")
    german = xliff("en", "de", "Please open the file now", "Bitte die Datei jetzt \u00f6ffnen")
    write(tmp_path, {"app/messages.xliff": f"<xliff version='1.2'>{french}{german}</xliff>"})
    assert gathered(tmp_path) == [("fr", PAIR)]
    assert [pair.target[:5] for _, pair in gathered(tmp_path / "app", "de")] == ["Bitte"]
    write(tmp_path, {"fr/messages.xliff": f"<xliff version='1.2'>{german}</xliff>"})
    assert gathered(tmp_path / "fr") == []


def test_xliff_in_another_source_language_is_not_taken_for_english(tmp_path: Path) -> None:
    text = xliff("de", "fr", "Bitte die Datei jetzt laden", "Veuillez ouvrir le fichier")
    write(tmp_path, {"fr/app.xlf": f"<xliff version='1.2'>{text}</xliff>"})
    assert gathered(tmp_path) == []
    assert gathered(tmp_path, source="de")[0][1].source == "Bitte die Datei jetzt laden"


def test_a_catalog_without_bounds_in_an_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelite.corpus.catalogs.discovery.MAX_RECORD_BYTES", 10_000)
    with zipfile.ZipFile(tmp_path / "app.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fr/app.po", b"a" * 1_000_000)
    with raises("limit-exceeded", r"app\.whl: fr/app\.po"):
        gathered(tmp_path / "app.whl")
