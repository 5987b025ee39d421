"""Subtitles, web pages and Word documents as lines of text."""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import pytest
from error_codes import raises
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus import Pair, SentenceSource, parse_source, read_document, read_texts
from babelite.errors import BabeliteError, MissingExtraError


def texts(folder: Path, name: str, content: str | bytes) -> list[str]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(SentenceSource(str(path)).read())


SRT = """\ufeff1
00:00:01,000 --> 00:00:02,500
<i>Hello</i>
<font color="red">world</font> {\\an8}in 1 < 2 > 0 {literal}

with an empty line

2
00:00:03,000 --> 00:00:04,000
1984

3
00:00:05,000 --> 00:00:06,000

4
0:00:07.000 --> 0:00:08.000 X1:10
- A &amp; B
1984
6
00:00:09,000 --> 00:00:10,000
The end\\Nreally.
"""
VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE from here --> there

intro
00:01.000 --> 00:02.500 align:start
<v Anna Bell>We are in <i>New</i> York
- hi &amp; bye &lt;b&gt;

NOTE
more notes

00:00:03.000 --> 00:00:04.000
<c.yellow>Second</c> <00:00:03.500>word
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_subtitles_have_no_times_and_no_markup(tmp_path: Path, ends: str) -> None:
    assert texts(tmp_path, "film.srt", SRT.replace("\n", ends)) == [
        "Hello world in 1 < 2 > 0 {literal} with an empty line",
        "1984",
        "- A &amp; B 1984",
        "The end really.",
    ]
    found = texts(tmp_path, "film.vtt.gz", gzip.compress(VTT.replace("\n", ends).encode()))
    assert found == ["We are in New York - hi & bye <b>", "Second word"]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.srt", "Just text.\n", 1),
        ("a.srt", "1\n00:00:01,000 -> 00:00:02,000\nHello\n", 1),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n2\nxx:00 --> 00\nBye\n", 5),
        ("a.srt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n\n2\nxx:00 --> 00\nBye\n", 6),
        ("a.vtt", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", 1),
        ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n\nlost text\n", 6),
    ],
)
def test_subtitles_that_would_lose_text_are_refused(
    tmp_path: Path, name: str, content: str, line: int
) -> None:
    with raises("format-invalid", rf"{name}, line {line}\b"):
        texts(tmp_path, name, content)


cue_line = (
    st.text("abc 12<>", min_size=1)
    .map(str.strip)
    .filter(lambda text: text and not text.isdecimal() and "<" not in text)
)


@given(st.lists(st.lists(cue_line, min_size=1, max_size=3)))
def test_the_text_of_every_cue_is_read(
    tmp_path_factory: pytest.TempPathFactory, cues: list[list[str]]
) -> None:
    times = "00:00:01,000 --> 00:00:02,000"
    content = "".join(f"{n}\n{times}\n{chr(10).join(c)}\n\n" for n, c in enumerate(cues, 1))
    expected = [" ".join(" ".join(cue).split()) for cue in cues]
    assert texts(tmp_path_factory.mktemp("cues"), "a.srt", content) == expected


PAGE = """<!doctype html><html lang=en><head><title>Title</title><style>p {}</style></head>
<body><nav><a href=/>Home</a></nav><h1>A   <em>big</em>\nheading</h1>
<p>First<br>second &eacute; &amp; 1 &lt; 2<!-- no -->!<script>var p = "<p>no</p>"</script>
<p hidden>hidden <b>too</b></p>seen<div style="display: none">not</div>
<ul><li>one<li>two <ul><li>inner</ul>after</ul>
<table><tr><td>cell 1</td><td>cell 2</td></tr></table>
<pre>line 1
line <b>2</b></pre><noscript>no</noscript><img alt="no"><template><p>no</template>
<p>fin</body></html>"""


def test_web_pages_give_their_visible_text(tmp_path: Path) -> None:
    expected = [
        *("Home", "A big heading", "First", "second é & 1 < 2!", "seen", "one", "two", "inner"),
        *("after", "cell 1", "cell 2", "line 1", "line 2", "fin"),
    ]
    assert texts(tmp_path, "page.html", PAGE) == expected
    assert texts(tmp_path, "page.htm.gz", gzip.compress(PAGE.encode("utf-8-sig"))) == expected
    assert texts(tmp_path, "page.xhtml", PAGE.encode("utf-16")) == expected
    document = read_document(str(tmp_path / "page.html"))
    assert (document.numbers[-1], document.last) == (14, 14)


def test_web_pages_in_the_encoding_they_declare(tmp_path: Path) -> None:
    latin = '<meta http-equiv=x content="text/html; charset=ISO-8859-1"><p>café – “x”'
    assert texts(tmp_path, "a.html", latin.encode("cp1252")) == ["café – “x”"]
    with raises("not-utf8", r"a\.html, line 2.*iconv"):
        texts(tmp_path, "a.html", "<p>a\n<p>café".encode("cp1252"))
    with raises("not-utf8", r"a\.html"):
        texts(tmp_path, "a.html", b"<meta charset=no-such>a")
    with raises("not-utf8"):
        texts(tmp_path, "a.html", b"<meta charset=ascii><p>\x81")


def test_pages_that_are_hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts(tmp_path, "a.html", "<div>" * 300 + "deep" + "</div>" * 300 + "end") == [
        "deep",
        "end",
    ]
    with raises("limit-exceeded", r"a\.html"):
        texts(tmp_path, "a.html", "<div>" * 10_000 + "deep")
    monkeypatch.setattr("babelite.corpus.formats.document_text.MAX_RECORD_BYTES", 1000)
    with raises("limit-exceeded", r"a\.html\.gz"):
        texts(tmp_path, "a.html.gz", gzip.compress(b" " * 2000))
    with raises("file-damaged", r"a\.html\.gz"):
        texts(tmp_path, "a.html.gz", gzip.compress(PAGE.encode())[:-20])


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for name in ("a.html", "a.srt", "a.vtt", "a.docx"):
        try:
            found = texts(tmp_path_factory.mktemp("any"), name, content)
        except BabeliteError:
            continue
        assert all(text.strip() and "\n" not in text for text in found)


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_RELATIONSHIPS = "http://schemas.openxmlformats.org"
BODY = """<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>A heading</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Some </w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>bold</w:t></w:r>
<w:ins><w:r><w:t xml:space="preserve"> new</w:t></w:r></w:ins>
<w:del><w:r><w:delText> old</w:delText></w:r></w:del>
<w:r><w:br/><w:t>line &lt;2&gt;</w:t></w:r></w:p>
<w:p/><w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"""


def docx(body: str, xml: str = "") -> bytes:
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_RELATIONSHIPS}/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONSHIPS}/package/2006/relationships">'
        f'<Relationship Id="r" Type="{_RELATIONSHIPS}/officeDocument/2006/relationships/'
        'officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"{xml}<w:document {_W}><w:body>{body}</w:body></w:document>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_paragraphs_of_word_documents(tmp_path: Path) -> None:
    assert texts(tmp_path, "a.docx", docx(BODY)) == [
        "A heading",
        "Some bold new",
        "line <2>",
        "cell",
    ]


def test_damaged_word_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = docx(BODY)
    broken = docx("<w:p>")
    levels = [("a", "x" * 100), *((b, f"&{a};" * 200) for a, b in ("ab", "bc", "cd", "de"))]
    entities = "".join(f'<!ENTITY {name} "{content}">' for name, content in levels)
    bomb = docx("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>", f"<!DOCTYPE w [{entities}]>")
    for content in (b"", b"text", whole[:-30], whole[100:], broken, bomb, b"\xd0\xcf\x11\xe0" * 9):
        with raises("file-damaged", r"a\.docx"):
            texts(tmp_path, "a.docx", content)
    monkeypatch.setattr("babelite.corpus.formats.word_documents.MAX_RECORD_BYTES", 2000)
    with raises("limit-exceeded", r"a\.docx"):
        texts(tmp_path, "a.docx", docx(BODY * 20))
    monkeypatch.undo()
    monkeypatch.setattr("babelite.corpus.formats.word_documents._MAX_TAGS", 500)
    with raises("limit-exceeded", r"a\.docx.*500 tags"):
        texts(tmp_path, "a.docx", docx(BODY * 20))


@pytest.mark.parametrize(("name", "module"), [("a.html", "lxml"), ("a.docx", "mammoth")])
def test_the_extra_is_named_if_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'babelite\[documents\]'"):
        texts(tmp_path, name, b"x")


def test_documents_as_pairs_and_as_excluded_text(tmp_path: Path) -> None:
    times = "1\n00:00:01,000 --> 00:00:02,000\n"
    for language, text in (("en", "Hello!"), ("fr", "Bonjour !")):
        (tmp_path / f"film.{language}.srt").write_text(times + text)
    source = parse_source(f"{tmp_path}/film.en.srt,{tmp_path}/film.fr.srt")
    assert source.languages == ("en", "fr")
    assert list(source.read()) == [Pair("Hello!", "Bonjour !")]
    assert list(read_texts(f"{tmp_path}/film.en.srt")) == ["Hello!"]


def test_a_document_has_no_columns(tmp_path: Path) -> None:
    texts(tmp_path, "page.html", PAGE)
    with raises("column-not-found", r"page\.html"):
        list(SentenceSource(str(tmp_path / "page.html"), "en").read())


def test_rows_of_a_survey_are_read_again(tmp_path: Path) -> None:
    expected = texts(tmp_path, "page.html", PAGE)
    source = SentenceSource(str(tmp_path / "page.html"))
    survey = source.survey(4)
    assert survey.rows == len(expected)
    assert list(source.read_rows(survey.part(8, 4))) == expected[8:12]
