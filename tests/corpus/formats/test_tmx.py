"""Translation memories: languages, markup, entities, bounded memory."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Losses, Pair, PairSource, parse_source, read_texts, write_pairs
from babelite.corpus.losses import EMPTY_SIDES, INLINE_CODES, OTHER_LANGUAGES
from babelite.errors import BabeliteError

LANGUAGES = ("en", "fr")


def read(path: Path) -> list[Pair]:
    return list(PairSource((str(path),), *LANGUAGES).read())


TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header/><body>
<tu><note>n</note><tuv xml:lang="EN-us"><seg>Click <bpt i="1">&lt;b&gt;</bpt>here<ept i="1">
&lt;/b&gt;</ept> <hi>now</hi>!</seg></tuv>
<tuv xml:lang="de"><seg>Hier</seg></tuv><tuv lang="fr-CA"><seg>Ici<!-- c --> !</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone</seg></tuv></tu>
</body></tmx>"""


def test_tmx_of_many_languages(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    for encoding in ("utf-8", "utf-16"):
        path.write_text(TMX, encoding=encoding)
        assert read(path) == [Pair("Click here now!", "Ici !")]
        assert next(PairSource((str(path),), "de", "en").read()).source == "Hier"
    with raises("language-not-found", "en and it.*EN-us"):
        list(PairSource((str(path),), "en", "it").read())
    assert "Alone" in list(read_texts(str(path)))


def test_tmx_that_is_malformed_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(TMX.replace("</tuv></tu>\n<tu>", "</tu>\n<tu>"))
    with raises("format-invalid", r"x\.tmx, line 6"):
        read(path)
    for content in ("", "plain text"):
        path.write_text(content)
        with raises("format-invalid"):
            read(path)


def tmx(segment: str, doctype: str = "") -> str:
    """A file with one unit: a segment in English, and "b" in French."""
    return (
        f'{doctype}<tmx><body><tu><tuv lang="en"><seg>{segment}</seg></tuv>\n'
        '<tuv lang="fr"><seg>b</seg></tuv></tu></body></tmx>'
    )


@pytest.mark.parametrize(
    "doctype",
    [
        "",
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n',
        '<!DOCTYPE tmx [<!ENTITY firm "Coop">]>',
        '<!DOCTYPE tmx PUBLIC "-//X" "http://a.example/x" [<!ENTITY % more SYSTEM "m">%more;]>',
    ],
)
def test_tmx_entities_of_html_are_resolved(tmp_path: Path, doctype: str) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(tmx("caf&eacute; 10&nbsp;&euro; &lt;&#252;", doctype))
    assert read(path) == [Pair("caf\u00e9 10\u00a0\u20ac <\u00fc", "b")]


def test_tmx_entities_of_the_own_dtd_are_resolved(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    own = '<!ENTITY firm "Coop &reg;"><!ENTITY s "<hi>&firm;</hi>!"><!ENTITY reg "R">'
    path.write_text(tmx("The &s;", f"<!DOCTYPE tmx [{own}]>"))
    assert read(path) == [Pair("The Coop R!", "b")]


def test_tmx_entities_that_are_unknown_or_external_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    path = tmp_path / "x.tmx"
    external = f'<!DOCTYPE tmx [<!ENTITY s SYSTEM "{secret.as_uri()}">]>\n'
    for text, line in (
        (tmx("a &firm;"), 1),
        (tmx("a &firm;", '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n'), 2),
        (tmx("a &s;", external), 2),
    ):
        path.write_text(text)
        with raises("format-invalid", rf"x\.tmx, line {line}.*&(firm|s);"):
            read(path)


def test_tmx_entities_that_expand_without_bounds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    bomb = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    path.write_text(tmx("&a11;", f"<!DOCTYPE tmx [{bomb}]>"))
    with raises("format-invalid", r"x\.tmx, line 1"):
        read(path)
    long = f'<!DOCTYPE tmx [<!ENTITY a "{"a" * 100_000}">]>'
    path.write_text(tmx("&a;" * 10_000, long))
    with pytest.raises(BabeliteError, match=r"x\.tmx, line 1"):
        read(path)


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        ('red<ph x="1"/>button', "red button"),
        ("red<ph>&lt;br/&gt;</ph>button", "red button"),
        ("red<ut>{\\line }</ut>button", "red button"),
        ("red <ph/>button<ph/>, end<ph/>.", "red button, end."),
        ("<ph/>start and end<ph/>", "start and end"),
        ("in <bpt>&lt;b&gt;</bpt>bold<ept>&lt;/b&gt;</ept>er type", "in bolder type"),
        ("W<ph>&lt;b&gt;</ph>ord", "Word"),
        ("one<ept>&lt;/p&gt;</ept><bpt>&lt;p&gt;</bpt>two", "one two"),
        ("Delete <ph>%d</ph> of <ph>{name}</ph>", "Delete %d of {name}"),
        ("l\u2019<ph/>image", "l\u2019image"),
    ],
)
def test_tmx_inline_elements_do_not_join_words(tmp_path: Path, segment: str, text: str) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(tmx(segment), encoding="utf-8")
    assert read(path) == [Pair(text, "b")]


def test_tmx_counts_what_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(TMX)
    losses = Losses()
    assert len(list(PairSource((str(path),), *LANGUAGES).read(losses))) == 1
    assert losses == {OTHER_LANGUAGES: 1, INLINE_CODES: 2}
    losses.clear()
    assert write_pairs([Pair("a", ""), Pair("b", "c")], str(path), LANGUAGES, losses) == 1
    assert losses == {EMPTY_SIDES: 1}
    assert read(path) == [Pair("b", "c")]


@pytest.mark.parametrize("content", ["a " * 300_000, "<!--" + "a" * 600_000, "<hi/>" * 6000])
def test_tmx_units_without_bounds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr("babelite.corpus.xml_records.MAX_RECORD_BYTES", 500_000)
    monkeypatch.setattr("babelite.corpus.xml_records._MAX_TAG_BYTES", 500_000)
    path = tmp_path / "x.tmx.gz"
    path.write_bytes(gzip.compress(tmx(content).encode()))
    with raises("limit-exceeded", r"x\.tmx\.gz, line 1"):
        read(path)


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "cp1252"])
def test_tmx_encodings(tmp_path: Path, encoding: str, mark: bool) -> None:
    path = tmp_path / "x.tmx"
    declaration = '<?xml version="1.0" encoding="windows-1252"?>' if encoding == "cp1252" else ""
    start = "\ufeff" if mark and encoding != "cp1252" else ""
    path.write_bytes((start + declaration + tmx("10 \u20ac")).encode(encoding))
    assert read(path) == [Pair("10 \u20ac", "b")]


def test_tmx_in_another_encoding_than_declared_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    path.write_bytes(b"\n" + tmx("caf\u00e9").encode("latin-1"))
    with raises("not-utf8", r"x\.tmx, line 2"):
        read(path)
    path.write_text('<?xml version="1.0" encoding="x-unknown"?>' + tmx("a"))
    with raises("not-utf8", "x-unknown"):
        read(path)


def test_languages_are_taken_as_the_tmx_file_declares_them(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    write_pairs([Pair("colour", "couleur")], str(path), ("en-GB", "fr-FR"))
    assert parse_source(str(path)).languages == ("en-GB", "fr-FR")
    path.write_text(TMX)
    with raises("languages-unknown"):
        parse_source(str(path))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="a file of Linux")
def test_tmx_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    write_pairs((Pair("a" * 2000, f"b{n}") for n in range(15_000)), str(path), LANGUAGES)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    pairs = PairSource((str(path),), *LANGUAGES).read()
    growth = [resident() - before for number, _ in enumerate(pairs) if number % 1000 == 0]
    assert path.stat().st_size > 30_000_000
    assert max(growth) < 15_000_000


@pytest.mark.parametrize(
    "languages", [("en_GB", "en"), ("en", "en_GB"), ("en", "en"), ("en_GB", "pt_BR")]
)
def test_tmx_distinguishes_variants_of_one_language(
    tmp_path: Path, languages: tuple[str, str]
) -> None:
    path = str(tmp_path / "x.tmx")
    write_pairs([Pair("colour", "color")], path, languages)
    assert list(PairSource((path,), *languages).read()) == [Pair("colour", "color")]
    text = Path(path).read_text(encoding="utf-8")
    source = re.search('srclang="([^"]*)"', text)
    assert source and f'xml:lang="{source[1]}"' in text
