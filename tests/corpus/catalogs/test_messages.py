"""Message catalogs: PO, MO and XLIFF."""

from __future__ import annotations

import gzip
import re
import struct
from io import BytesIO
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Losses, Pair, PairSource, base_language, parse_source, read_texts
from babelite.corpus.catalogs.message import Message
from babelite.corpus.catalogs.messages import read_messages
from babelite.corpus.losses import OTHER_LANGUAGES, UNFINISHED, UNTRANSLATED
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


def parse(data: bytes, path: str) -> list[Message]:
    return list(read_messages(BytesIO(data), path, Losses()))


def test_po_keeps_notes_and_context() -> None:
    messages = parse(PO.encode(), "x.po")
    assert messages[0].default == 'The "long" text'
    assert messages[1].key == ("menu", "Open", 0)
    assert [message.key[2] for message in messages[2:]] == [0, 1]


def test_mo(tmp_path: Path) -> None:
    path = tmp_path / "x.mo"
    path.write_bytes(MO)
    assert sorted(read(path)) == sorted(FINISHED)
    keys = {message.key for message in parse(MO, "x.mo")}
    assert keys == {message.key for message in parse(PO.encode(), "x.po")}


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


TRADOS = """<xliff xmlns:sdl="http://sdl.com/FileTypes/SdlXliff/1.0" version="1.2"
 xmlns="urn:oasis:names:tc:xliff:document:1.2"><file original="a.docx" source-language="en-US"
 target-language="fr-FR"><header><sdl:seg>x</sdl:seg></header><body><group><trans-unit id="u">
<source>One <g id="1">two.</g> Three. Four. Five.</source>
<seg-source><mrk mtype="seg" mid="1">One <g id="1">two.</g></mrk> <mrk mtype="seg" mid="2">Three.
</mrk> <mrk mtype="seg" mid="3">Four.</mrk> <mrk mtype="seg" mid="4">Five.</mrk></seg-source>
<target><mrk mtype="seg" mid="2">Trois.</mrk> <g id="1"><mrk mtype="seg" mid="1">Un <mrk
 mtype="x-sdl-deleted">trois</mrk><mrk mtype="x-sdl-added">deux</mrk>.</mrk></g>
<mrk mtype="seg" mid="3">Quatre.</mrk></target>
<sdl:seg-defs><sdl:seg id="1" conf="Translated"/><sdl:seg id="2" conf="ApprovedTranslation"/>
<sdl:seg id="3" conf="Draft"/></sdl:seg-defs></trans-unit>
<trans-unit id="v" translate="no"><source><x id="0"/></source></trans-unit>
</group></body></file></xliff>"""
MEMOQ = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2" xmlns:mq="MQXliff">
<file original="a" source-language="en" target-language="fr"><body>
<trans-unit id="1" mq:status="ManuallyConfirmed"><source xml:space="preserve">One</source>
<target xml:space="preserve">Un</target><alt-trans><target>Une</target></alt-trans></trans-unit>
<trans-unit id="2" mq:status="NotStarted"><source>Two</source><target>Deux</target></trans-unit>
</body></file></xliff>"""


def test_xliff_of_trados_and_memoq(tmp_path: Path) -> None:
    path = tmp_path / "a.docx.sdlxliff"
    path.write_text(TRADOS, encoding="utf-8-sig")
    assert read(path) == [Pair("One two.", "Un deux."), Pair("Three.", "Trois.")]
    path = tmp_path / "a.mqxliff"
    path.write_text(MEMOQ)
    assert read(path) == [Pair("One", "Un")]
    assert parse_source(str(path)).languages == ("en", "fr")


def test_sides_are_swapped_if_the_file_names_the_reverse_languages(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(PO, encoding="utf-8")
    assert read(path, "fr", "en")[1] == Pair("Ouvrir", "Open")
    with raises("language-not-found", r"x\.po.* into fr.*en-fr="):
        read(path, "en", "de")


@pytest.mark.parametrize("name", ["x.po", "x.mo", "x.xliff", "x.xlf", "x.sdlxliff"])
@pytest.mark.parametrize("data", [b"", b"plain text\n", b"\x00\x01\x02", b"<xliff", MO[:40]])
def test_files_that_are_not_catalogs(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BabeliteError, match=re.escape(str(path))) as caught:
        read(path)
    assert caught.value.code in ("format-invalid", "input-empty", "not-utf8")


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


# --- encodings ------------------------------------------------------------------------------------

CENTS = """msgid ""
msgstr "Content-Type: text/plain; charset={}\\n"

msgid "Coffee"
msgstr "Café à {} cents"
"""


@pytest.mark.parametrize(
    ("charset", "codec", "number"),
    [
        ("ISO-8859-1", "latin-1", "½"),
        ("ISO-8859-15", "iso8859-15", "€"),
        ("CP1252", "cp1252", "€"),
        ("windows-1252", "cp1252", "€"),
        ("GBK", "gbk", "中"),
        ("UTF-8", "utf-8", "€"),
        ("UTF-8", "utf-8-sig", "€"),
        ("UTF-16", "utf-16", "€"),
        ("UTF-8", "utf-16-le", "€"),
        ("UTF-16", "utf-16-be", "€"),
    ],
)
def test_po_is_read_by_its_charset(tmp_path: Path, charset: str, codec: str, number: str) -> None:
    path = tmp_path / "x.po"
    path.write_bytes(CENTS.format(charset, number).encode(codec))
    assert read(path) == [Pair("Coffee", f"Café à {number} cents")]


def test_mo_is_read_by_its_charset(tmp_path: Path) -> None:
    path = tmp_path / "x.mo"
    header = "Content-Type: text/plain; charset=ISO-8859-1\n"
    path.write_bytes(compile_mo({"": header, "Coffee": "Cafe"}).replace(b"Cafe", b"Caf\xe9"))
    assert read(path) == [Pair("Coffee", "Café")]


def test_po_in_another_charset_than_declared_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_bytes(CENTS.format("UTF-8", "x").encode("latin-1"))
    with raises("not-utf8", r"x\.po, line 5"):
        read(path)
    path.write_text(CENTS.format("X-NONE", "x"), encoding="utf-8")
    with raises("not-utf8", "X-NONE"):
        read(path)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_xliff_in_unicode(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "x.xliff"
    declaration = '<?xml version="1.0" encoding="UTF-16"?>'
    path.write_bytes(XLIFF.replace('<?xml version="1.0"?>', declaration).encode(codec))
    assert read(path)[1] == Pair("Done", "Fini")
    path.write_bytes(XLIFF_2.encode(codec))
    assert read(path) == [Pair("Hello", "Bonjour")]


def test_xliff_2_after_a_long_comment(tmp_path: Path) -> None:
    path = tmp_path / "x.xlf"
    path.write_text(f"<!--{'licence ' * 1000}-->\n{XLIFF_2}")
    assert read(path) == [Pair("Hello", "Bonjour")]


# --- XLIFF ----------------------------------------------------------------------------------------


def xliff(*files: tuple[str, str, str, str]) -> str:
    """A document with one file for each (source language, target language, source, target)."""
    return "<xliff version='1.2'>{}</xliff>".format(
        "".join(
            f"<file source-language='{a}' target-language='{b}'><body><trans-unit id='1'>"
            f"<source>{source}</source><target>{target}</target></trans-unit></body></file>"
            for a, b, source, target in files
        )
    )


TWO_FILES = xliff(("en-US", "fr-FR", "Hello", "Bonjour"), ("en-US", "de-DE", "Hello", "Hallo"))


def test_each_file_of_xliff_has_its_own_languages(tmp_path: Path) -> None:
    path = tmp_path / "app.xlf"
    path.write_text(TWO_FILES)
    assert read(path) == [Pair("Hello", "Bonjour")]
    assert read(path, "en", "de") == [Pair("Hello", "Hallo")]
    assert read(path, "de", "en") == [Pair("Hallo", "Hello")]
    losses = Losses()
    list(PairSource((str(path),), "en", "de").read(losses))
    assert losses == {OTHER_LANGUAGES: 1}
    with raises("language-not-found", "fr-FR.*de-DE.*en-US-fr-FR="):
        read(path, "en", "it")
    with raises("languages-unknown"):
        parse_source(str(path))


@pytest.mark.parametrize(
    "written", ["", "en-fr=", "en-US-fr-FR=", "en_US-fr_FR=", "en-us-fr-fr=", "en-US,fr_FR="]
)
def test_languages_are_taken_as_the_file_declares_them(tmp_path: Path, written: str) -> None:
    path = tmp_path / "app.xlf"
    path.write_text(xliff(("en-US", "fr-FR", "Hello", "Bonjour")))
    source = parse_source(f"{written}{path}")
    assert list(source.read()) == [Pair("Hello", "Bonjour")]
    assert [base_language(code) for code in source.languages] == ["en", "fr"]
    if not written:
        assert source.languages == ("en-US", "fr-FR")


def test_a_po_file_declares_its_target_language(tmp_path: Path) -> None:
    path = tmp_path / "messages.po"
    path.write_text(PO, encoding="utf-8")
    assert parse_source(str(path)).languages == ("en", "fr")


@pytest.mark.parametrize(
    ("inline", "text"),
    [
        ('red<x id="1" ctype="lb"/>button', "red button"),
        ('red<x id="1"/>button', "red button"),
        ('W<x id="1" ctype="bold"/>ord', "Word"),
        ('A <bx id="1"/>big<ex id="1"/>ger dog', "A bigger dog"),
        ('Hello <x id="1" equiv-text="{{name}}"/>!', "Hello {{name}}!"),
        ('Open <ph id="1">%s</ph> now', "Open %s now"),
        ("caf&eacute;&nbsp;au lait", "caf\u00e9 au lait"),
        ('<g id="1">two</g>\n   <mrk mtype="x">words</mrk>', "two words"),
    ],
)
def test_xliff_inline_elements_and_entities(tmp_path: Path, inline: str, text: str) -> None:
    path = tmp_path / "x.xlf"
    doctype = '<!DOCTYPE xliff PUBLIC "-//XLIFF//DTD XLIFF//EN" "http://host.example/xliff.dtd">'
    path.write_text(doctype + xliff(("en", "fr", inline, "texte")))
    assert read(path) == [Pair(text, "texte")]


def test_xliff_2_inline_elements(tmp_path: Path) -> None:
    path = tmp_path / "x.xlf"
    inline = (
        '<pc id="1">Hel</pc>lo<ph id="2" type="fmt" subType="xlf:lb"/>you '
        '<ph id="3" disp="{name}"/><sc id="4"/>!<ec startRef="4"/>'
    )
    path.write_text(XLIFF_2.replace("Hello", inline))
    assert read(path) == [Pair("Hello you {name}!", "Bonjour")]


def test_xliff_plurals_are_first_and_last_form(tmp_path: Path) -> None:
    path = tmp_path / "x.xlf"
    unit = "<trans-unit id='{0}'><source>{1}</source><target>{2}</target></trans-unit>"
    forms = ("one file", "un"), ("files", "deux"), ("files", "plusieurs")
    units = "".join(unit.format(f"1[{n}]", *form) for n, form in enumerate(forms))
    path.write_text(
        "<xliff version='1.2'><file source-language='en' target-language='fr'><body>"
        "<trans-unit restype='x-gettext-domain-header'><source>H</source><target>H</target>"
        f"</trans-unit><group restype='x-gettext-plurals'>{units}</group>"
        f"{unit.format('2', 'Bye', 'Salut')}</body></file></xliff>"
    )
    assert read(path) == [
        Pair("one file", "un"),
        Pair("files", "plusieurs"),
        Pair("Bye", "Salut"),
    ]


def test_catalogs_count_what_is_left_out(tmp_path: Path) -> None:
    losses = Losses()
    parse_losses = {UNTRANSLATED: 1, UNFINISHED: 1}
    path = tmp_path / "x.po"
    path.write_text(PO, encoding="utf-8")
    list(PairSource((str(path),), "en", "fr").read(losses))
    assert losses == parse_losses
    losses.clear()
    path = tmp_path / "x.xliff"
    path.write_text(XLIFF)
    list(PairSource((str(path),), "en", "fr").read(losses))
    assert losses == {UNTRANSLATED: 2, UNFINISHED: 2}


def test_a_catalog_without_bounds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelite.corpus.catalogs.messages.MAX_RECORD_BYTES", 10_000)
    path = tmp_path / "x.po.gz"
    path.write_bytes(gzip.compress(b'msgid "a"\nmsgstr "' + b"a" * 1_000_000 + b'"\n'))
    with raises("limit-exceeded", r"x\.po\.gz"):
        read(path)
