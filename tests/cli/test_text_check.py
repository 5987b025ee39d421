"""Warnings about text that the packaged model cannot read, or in languages it does not have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from babelite import Encoder
from babelite.cli.shared.text_check import TextCheck
from babelite.filtering import can_identify_languages

Run = Callable[..., tuple[int, str, str]]

PORTUGUESE = [
    "O tempo está muito bom hoje, por isso vamos à praia com as crianças.",
    "A reunião foi adiada para quinta-feira porque o diretor está doente.",
    "Não consegui abrir o ficheiro que você me enviou ontem à noite.",
    "A minha irmã mora numa cidade pequena perto do mar há dez anos.",
    "O governo anunciou novas medidas para reduzir o preço da energia.",
]
ITALIAN = [
    "Oggi il tempo è molto bello, quindi andiamo in spiaggia con i bambini.",
    "La riunione è stata spostata a giovedì perché il direttore è malato.",
    "Non sono riuscito ad aprire il file che mi hai mandato ieri sera.",
    "Mia sorella vive da dieci anni in una piccola città vicino al mare.",
]
needs_identifier = pytest.mark.skipif(
    not can_identify_languages(), reason="the extra filter is not installed"
)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def warned(check: TextCheck, capsys: pytest.CaptureFixture[str]) -> list[str]:
    check.warn()
    return capsys.readouterr().err.splitlines()


@needs_identifier
def test_a_language_that_the_model_does_not_have_is_named_once(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    check = TextCheck(encoder)
    texts = [f"{text} {number}" for number in range(300) for text in PORTUGUESE]
    assert list(check.watch(texts, "news.txt")) == texts
    [line] = warned(check, capsys)
    assert "news.txt" in line and " pt," in line and "--model" in line
    assert warned(check, capsys) == []


@needs_identifier
@pytest.mark.parametrize(
    "texts",
    [
        ITALIAN,
        PORTUGUESE[:1],  # too short a sample
        ["João Silva", "Márcia Conceição", "Antônio Guimarães", "Luís Magalhães"] * 30,
        ["for (int i = 0; i < n; ++i) { sum += x[i]; }", "def f(a, b): return a @ b.T"] * 30,
        ["12.11.2020  45,30 €  +351 21 000 00 00", "7 / 8 = 0.875"] * 30,
        [],
    ],
    ids=["known", "short", "names", "code", "numbers", "nothing"],
)
def test_there_is_no_false_alarm(
    encoder: Encoder, texts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    check = TextCheck(encoder)
    check.add(texts, "lines.txt")
    assert warned(check, capsys) == []


def test_a_declared_language_needs_no_sample(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    check = TextCheck(encoder)
    check.add_sides((["Hello."], ["Olá."]), ("a.en", "a.pt"))
    check.add(["Hoi."], "news.nl.txt")
    check.add(["print"], "script.pl")
    check.add_sides((["Hello."], ["Bom dia."]), ("a", "b"), ("en-GB", "pt_BR"))
    lines = warned(check, capsys)
    assert [line.split(",")[0].rsplit(" ", 1)[1] for line in lines] == ["pt", "nl", "pt_BR"]


def test_texts_that_cannot_be_read_are_counted(
    encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    check = TextCheck(encoder)
    encoder.encode(list(check.watch(["Good morning!", "👍", "你好", " "], "chat.txt")))
    [line] = warned(check, capsys)
    assert "2 texts have no word" in line
    assert warned(check, capsys) == []


@needs_identifier
@pytest.mark.parametrize(
    "command",
    [
        "search pt.lines water",
        "mine pt.lines it.lines",
        "align pt.lines it.lines",
        "index pt.lines --out out.index",
        "encode pt.lines --out out.npy",
        "evaluate pairs.tsv",
    ],
)
def test_every_command_warns_of_language_and_emoji(command: str, run: Run) -> None:
    lines = {"pt": [*PORTUGUESE, "👍"], "it": [*ITALIAN, "🙃", "♪"]}
    for code, texts in lines.items():
        Path(f"{code}.lines").write_text("\n".join(texts), encoding="utf-8")
    pairs = zip(*lines.values(), strict=True)
    Path("pairs.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    code, _, err = run(*command.split())
    assert code == 0
    assert err.count("in the language pt") == 1
    count = 1 if "it.lines" not in command and "pairs" not in command else 3
    assert f"{count} text" in err
