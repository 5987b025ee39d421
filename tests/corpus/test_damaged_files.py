"""Readers of pairs on randomly damaged files: one error or every unit, in bounded time.

The profile ``fuzz`` runs for long: ``pytest tests/corpus/test_damaged_files.py
--hypothesis-profile=fuzz``.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import (
    Losses,
    Pair,
    PairSource,
    SentenceSource,
    gather_catalog_pairs,
    parse_source,
    read_texts,
)
from babelite.corpus.losses import BLANK_LINES, OTHER_LANGUAGES, UNFINISHED, UNTRANSLATED
from babelite.errors import BabeliteError

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd" [<!ENTITY firm "Coop">]>
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en"><seg>The &firm; <bpt i="1">&lt;b&gt;</bpt>here<ept i="1"/></seg></tuv>
<tuv xml:lang="fr-CA"><seg>Ici<ph/> caf&eacute;</seg></tuv></tu>
<tu><note>n</note><tuv lang="en"><seg>Two</seg></tuv><tuv lang="fr"><seg>Deux</seg></tuv></tu>
<tu><tuv lang="en"><seg>Alone</seg></tuv></tu>
</body></tmx>
"""
XLIFF = """<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
<file source-language="en-US" target-language="fr"><body><group id="g">
<trans-unit id="1"><source>A <g id="1">big</g><x id="2"/>dog</source>
<target>Un grand chien</target><note>Default: "A dog"</note></trans-unit></group>
<trans-unit id="2"><source>Untranslated</source></trans-unit>
<trans-unit id="3" approved="no"><source>Open</source><target>Ouvrir</target></trans-unit>
</body></file><file source-language="en" target-language="de"><body>
<trans-unit id="4"><source>Done</source><target state="translated">Fertig</target></trans-unit>
</body></file></xliff>
"""
XLIFF_2 = """<xliff version="2.0" srcLang="en" trgLang="fr"><file id="f"><unit id="1">
<segment><source>Hello <pc id="1">you</pc></source><target>Bonjour</target></segment>
<segment state="initial"><source>Two</source><target>Deux</target></segment>
</unit></file></xliff>
"""
PO = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Language: fr\n"

#. Default: "The \"long\" text"
msgctxt "menu"
msgid "Open"
msgstr "Ouvrir"

#: file.c:1
#, fuzzy
msgid "Unsure"
msgstr "Incertain"

#| msgid "Old"
msgid ""
"Two "
"lines"
msgstr "Café"
"""
TSV = "source\ttarget\nOne\tUn\n\nTwo \u00e9\tDeux\nThree\tTrois\n"
JSONL = (
    '{"en": "One", "fr": "Un"}\n\n{"en": "Two \u00e9", "fr": null}\n{"en": "3", "fr": "\\u00e9"}\n'
)


def mo() -> bytes:
    messages = {b"": b"Content-Type: text/plain; charset=UTF-8\nLanguage: fr\n", b"One": b"Un"}
    entries = sorted(messages.items())
    start, tables, strings = 28 + 16 * len(entries), [b"", b""], b""
    for side in (0, 1):
        for entry in entries:
            tables[side] += struct.pack("<II", len(entry[side]), start + len(strings))
            strings += entry[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, start)
    return head + tables[0] + tables[1] + strings


def parquet() -> bytes:
    out = io.BytesIO()
    table = pa.table({"en": ["One", "Two", None], "fr": ["Un", "Deux", "Trois"], "n": [1, 2, 3]})
    pq.write_table(table, out)
    return out.getvalue()


FILES = {
    "x.tmx": TMX.encode(),
    "utf-16.tmx": TMX.replace("UTF-8", "UTF-16").encode("utf-16"),
    "x.xliff": XLIFF.encode(),
    "x.xlf": XLIFF_2.encode(),
    "utf-16.xlf": XLIFF.encode("utf-16-le"),
    "x.po": PO.encode(),
    "latin.po": PO.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
    "x.mo": mo(),
    "x.tsv": TSV.encode(),
    "x.jsonl": JSONL.encode(),
    "x.parquet": parquet(),
    "x.tsv.gz": gzip.compress(TSV.encode(), mtime=0),
    "x.tmx.gz": gzip.compress(TMX.encode(), mtime=0),
}
TOKENS = [
    *(b"\0", b"\r", b"\n", b"\t", b'"', b"\\", b"<", b">", b"&", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(
        b"&eacute;",
        b"&firm;",
        b"&none;",
        b"&#0;",
        b"&#xd800;",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
    ),
    *(b"<tu>", b"</tu>", b"<seg>", b"</seg>", b"<ph/>", b"<tuv>", b"</tuv>", b"<?x ?>", b"<group>"),
    *(b"<target>", b"</target>", b"<segment>", b"</file>", b"<trans-unit>", b"</trans-unit>"),
    *(
        b'msgid "a"\n',
        b'msgstr "b"\n',
        b'msgid_plural "c"\n',
        b'msgstr[1] "d"\n',
        b"#~ ",
        b"#, fuzzy\n",
    ),
    *(b"charset=UTF-16", b"charset=x", b"charset=idna", b"encoding='utf-7'", b"encoding='rot13'"),
    *(
        b"{",
        b"}",
        b"[",
        b"null",
        b"\\ud800",
        b'"en": ',
        b"1e999",
        b"\xc3",
        b"\xf0\x9f\x98\x80",
        b" ",
    ),
]


def damage(data: bytes, steps: list[tuple[str, float, int, bytes]]) -> bytes:
    """Apply edits; each has a place (a share of the file), a length and bytes."""
    for kind, share, length, token in steps:
        place = int(share * len(data))
        piece = data[place : place + length]
        if kind == "insert":
            data = data[:place] + token + data[place:]
        elif kind == "delete":
            data = data[:place] + data[place + length :]
        elif kind == "repeat":
            data = data[:place] + piece * 3 + data[place + length :]
        elif kind == "flip" and piece:
            data = data[:place] + bytes([piece[0] ^ (1 << length % 8)]) + data[place + 1 :]
        elif kind == "cut":
            data = data[: max(place, 1)]
    return data


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "delete", "repeat", "flip", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 40),
        st.sampled_from(TOKENS),
    ),
    min_size=1,
    max_size=4,
)


def units_of(name: str, data: bytes) -> int | None:
    """The number of units in a file by another way of counting; None if that way is not clear."""
    if name.endswith(".gz"):
        data, name = gzip.decompress(data), name.removesuffix(".gz")
    if name.endswith((".tsv", ".jsonl")):
        lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
        header = next((line for line in lines if line.strip(" ")), "").split("\t")
        names = {"source", "target"} <= {cell.strip() for cell in header}
        return len(lines) - (not lines[-1]) - (names and name.endswith(".tsv"))
    if name.endswith((".tmx", ".xliff", ".xlf")):
        try:
            root = ElementTree.fromstring(data)
        except (ElementTree.ParseError, LookupError):
            return None
        tags = [element.tag.rpartition("}")[2] for element in root.iter()]
        nested = any(
            "unit" in e.tag or e.tag == "tu" for u in root.iter("tu") for e in u.iter("tu")
        )
        return (
            None if nested else tags.count("tu") + tags.count("trans-unit") + tags.count("segment")
        )
    return None


UNITS = (BLANK_LINES, OTHER_LANGUAGES, UNFINISHED, UNTRANSLATED)


def read_everything(path: Path, data: bytes) -> None:
    """Read a file in every way; only `BabeliteError` may be raised, and no unit may be lost."""
    path.write_bytes(data)

    def texts() -> list[str]:
        return list(read_texts(str(path)))

    def sentences() -> list[str]:
        return list(SentenceSource(str(path), "en" if "tsv" not in path.name else 1).read())

    def gathered() -> list[tuple[str, Pair]]:
        return list(gather_catalog_pairs([path], "en", ["fr"], 1))

    def declared() -> PairSource:
        return parse_source(str(path))

    losses = Losses()
    readers: list[Callable[[], object]] = [texts, declared]
    readers += [gathered] if path.suffix in (".po", ".mo", ".xlf", ".xliff") else []
    readers += [sentences] if ".tsv" in path.name or path.suffix in (".jsonl", ".parquet") else []
    for reader in readers:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                reader()
            except BabeliteError as error:
                assert str(error)
    try:
        pairs = list(PairSource((str(path),), "en", "fr").read(losses))
    except BabeliteError as error:
        assert str(path) in str(error)
        return
    count = units_of(path.name, data)
    if count is not None:
        assert len(pairs) + sum(losses[kind] for kind in UNITS) == count


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    read_everything(path, FILES[name])
    assert list(PairSource((str(path),), "en", "fr").read())


@pytest.mark.parametrize("name", FILES)
@given(steps=STEPS)
def test_damaged_files_raise_one_error_or_give_every_unit(
    tmp_path_factory: pytest.TempPathFactory, name: str, steps: list[tuple[str, float, int, bytes]]
) -> None:
    read_everything(tmp_path_factory.getbasetemp() / name, damage(FILES[name], steps))


def test_every_damaged_byte_of_parquet_is_an_error_or_text(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    whole = FILES[path.name]
    for place in range(
        1, len(whole), 3
    ):  # metadata of a column with another type ended the process
        path.write_bytes(damage(whole, [("flip", place / len(whole) + 1e-9, 2, b"")]))
        with contextlib.suppress(BabeliteError):
            list(PairSource((str(path),), "en", "fr").read())
