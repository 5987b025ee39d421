"""Message catalogs: PO, MO and XLIFF."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Pair, PairSource, read_texts
from babelite.corpus.catalogs.messages import parse_catalog
from babelite.errors import BabeliteError

PO = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Language: fr\n"
"Plural-Forms: nplurals=2; plural=n>1;\n"

#. Default: "The \"long\" text"
msgid "label_text"
msgstr "Le texte"

msgctxt "menu"
msgid "Open"
msgstr "Ouvrir"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d fichier"
msgstr[1] "%d fichiers"

#, fuzzy
msgid "Unsure"
msgstr "Incertain"

msgid "Untranslated"
msgstr ""

#~ msgid "Gone"
#~ msgstr "Parti"
"""

FINISHED = [
    Pair("label_text", "Le texte"),
    Pair("Open", "Ouvrir"),
    Pair("%d file", "%d fichier"),
    Pair("%d files", "%d fichiers"),
]


def compile_mo(messages: dict[str, str]) -> bytes:
    """Write an MO file by the gettext manual: header, two tables, strings."""
    entries = sorted((key.encode(), value.encode()) for key, value in messages.items())
    count = len(entries)
    tables, strings = [b"", b""], b""
    start = 28 + 16 * count
    for side in (0, 1):
        for entry in entries:
            tables[side] += struct.pack("<II", len(entry[side]), start + len(strings))
            strings += entry[side] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, start)
    return header + tables[0] + tables[1] + strings


MO = compile_mo(
    {
        "": "Content-Type: text/plain; charset=UTF-8\nLanguage: fr\n",
        "label_text": "Le texte",
        "menu\x04Open": "Ouvrir",
        "%d file\0%d files": "%d fichier\0%d fichiers",
    }
)

XLIFF = """<?xml version="1.0"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file original="a" source-language="en-US" target-language="fr" datatype="plaintext"><body>
<trans-unit id="1"><source>A <g id="1">big</g> dog</source>
<target>Un grand chien</target></trans-unit>
<trans-unit id="2"><source>Untranslated</source></trans-unit>
<trans-unit id="3"><source>Empty</source><target/></trans-unit>
<trans-unit id="4"><source>Unsure</source><target state="needs-translation">?</target></trans-unit>
<trans-unit id="5" approved="no"><source>Refused</source><target>Refus</target></trans-unit>
<trans-unit id="6"><source>Done</source><target state="translated">Fini</target></trans-unit>
</body></file></xliff>"""

XLIFF_2 = """<xliff version="2.0" srcLang="en" trgLang="fr"
 xmlns="urn:oasis:names:tc:xliff:document:2.0"><file id="f"><unit id="1">
<segment><source>Hello</source><target>Bonjour</target></segment>
<segment state="initial"><source>Two</source><target>Deux</target></segment>
</unit></file></xliff>"""


def read(path: Path, source: str = "en", target: str = "fr") -> list[Pair]:
    return list(PairSource((str(path),), source, target).read())


def test_po_skips_unfinished_messages(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(PO, encoding="utf-8")
    assert read(path) == FINISHED
    assert "%d fichiers" in list(read_texts(str(path)))


def test_po_keeps_notes_and_context() -> None:
    messages = parse_catalog(PO.encode(), "x.po").messages
    assert messages[0].default == 'The "long" text'
    assert messages[1].key == ("menu", "Open", 0)
    assert [message.key[2] for message in messages[2:]] == [0, 1]


def test_mo(tmp_path: Path) -> None:
    path = tmp_path / "x.mo"
    path.write_bytes(MO)
    assert sorted(read(path)) == sorted(FINISHED)
    keys = {message.key for message in parse_catalog(MO, "x.mo").messages}
    assert keys == {message.key for message in parse_catalog(PO.encode(), "x.po").messages}


def test_one_plural_form_translates_both(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text('msgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\n')
    assert read(path) == [Pair("a", "c"), Pair("b", "c")]


def test_xliff(tmp_path: Path) -> None:
    path = tmp_path / "x.xliff"
    path.write_text(XLIFF)
    assert read(path) == [Pair("A big dog", "Un grand chien"), Pair("Done", "Fini")]
    path.write_text(XLIFF_2)
    assert read(path) == [Pair("Hello", "Bonjour")]


def test_sides_are_swapped_if_the_file_names_the_reverse_languages(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(PO, encoding="utf-8")
    assert read(path, "fr", "en")[1] == Pair("Ouvrir", "Open")
    with raises("language-not-found", r"x\.po.* into fr.*en-fr="):
        read(path, "en", "de")


@pytest.mark.parametrize("name", ["x.po", "x.mo", "x.xliff", "x.xlf"])
@pytest.mark.parametrize("data", [b"", b"plain text\n", b"\x00\x01\x02", b"<xliff", MO[:40]])
def test_files_that_are_not_catalogs(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(
        BabeliteError, match=r"x\.\w+: (is not a message catalog|contains no pairs)"
    ):
        read(path)


def test_a_file_in_another_source_language_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.xliff"
    path.write_text(XLIFF.replace("en-US", "de"))
    assert read(path, "de", "fr")[0] == Pair("A big dog", "Un grand chien")
    assert read(path, "fr", "de")[0] == Pair("Un grand chien", "A big dog")
    for languages in (("en", "fr"), ("fr", "en")):
        with raises("language-not-found", "from de into fr.*de-fr="):
            read(path, *languages)


def test_regions_of_english_match_english(tmp_path: Path) -> None:
    path = tmp_path / "en_GB.po"
    path.write_text(PO.replace("Language: fr", "Language: en_GB"), encoding="utf-8")
    assert read(path, "en", "en_GB")[1] == Pair("Open", "Ouvrir")
    with raises("language-not-found", "into en_GB.*en-en_GB="):
        read(path, "en", "fr")


def test_the_hint_names_language_codes(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(PO, encoding="utf-8")
    with raises("language-not-found", "en-fr="):
        read(path, "source", "target")
