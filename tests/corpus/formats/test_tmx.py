"""Translation memories: languages, markup, entities, bounded memory."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from error_codes import raises

from babelite.corpus import Pair, PairSource, read_texts, write_pairs

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


def test_tmx_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    path = tmp_path / "x.tmx"
    path.write_text(
        f'<!DOCTYPE tmx [<!ENTITY s SYSTEM "{secret.as_uri()}"><!ENTITY b "BOMB">]><tmx><body><tu>'
        '<tuv lang="en"><seg>a &s; &b;</seg></tuv><tuv lang="fr"><seg>b</seg></tuv>'
        "</tu></body></tmx>"
    )
    text = "".join(read_texts(str(path)))
    assert "SECRET" not in text
    assert "BOMB" not in text


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
