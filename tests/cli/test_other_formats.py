"""Files that are not lines of text, and tables, given to every command that reads text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
MODEL = ("-m", "letter_encoder:letters")
CONTENTS = {
    "film.txt": b"1\n00:00:01,000 --> 00:00:02,500\nHello!\n",
    "page.txt": b"<!DOCTYPE html>\n<html><body>Hello!</body></html>\n",
    "book.odt": b"PK\3\4\x14\0\0\0mimetypeapplication/vnd.oasis.opendocument.text",
    "report.pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n",
    "vectors.npy": b"\x93NUMPY\x01\0v\0{'descr': '<f4'}\n",
}
COMMANDS = {
    "search": ("search", "FILE", "hello", *MODEL),
    "index": ("index", "FILE", "--out", "out", *MODEL),
    "encode": ("encode", "FILE", "--out", "out.npy", *MODEL),
    "mine": ("mine", "FILE", "a.txt", "--out", "out.tsv", *MODEL),
    "align": ("align", "a.txt", "FILE", "--out", "out.tsv", *MODEL),
    "classify train": ("classify", "train", "FILE", "--out", "out", *MODEL),
    "exclude": ("corpus", "clean", "a.en-fr.tsv", "--exclude", "FILE", "--out", "out.tsv"),
}


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    (here / "a.txt").write_text("hello\nmusic\n")
    (here / "a.en-fr.tsv").write_text("a sentence of words\tune phrase de mots\n")
    for name, content in CONTENTS.items():
        (here / name).write_bytes(content)


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_other_formats_are_refused(run: Run, here: Path, command: str, name: str) -> None:
    before = sorted(path.name for path in here.iterdir())
    code, out, err = run(*(name if word == "FILE" else word for word in COMMANDS[command]))
    assert (code, out) == (2, "")
    assert f"{name}: is " in err
    assert "not lines of text" in err
    assert sorted(path.name for path in here.iterdir()) == before


def test_documents_are_read_by_every_command(run: Run, here: Path) -> None:
    page = "<!DOCTYPE html><title>no</title><p>music<p>hello, <b>you</b><ul><li>zzz</ul>"
    (here / "page.html").write_text(page)
    times = "00:00:01,000 --> 00:00:02,500"
    lines = enumerate(["music", "hello, you", "zzz"], 1)
    (here / "film.srt").write_text("\n".join(f"{n}\n{times}\n{line}\n" for n, line in lines))
    for name in ("page.html", "film.srt"):
        code, out, err = run("search", name, "hello you", "--json", "-k", "1", *MODEL)
        assert code == 0, err
        assert json.loads(out)["hits"][0]["text"] == "hello, you"
        code, out, err = run("index", name, "--out", f"{name}.index", *MODEL)
        assert (code, out.split()[1]) == (0, "3"), err
        assert run("encode", name, "--out", "v.npy", *MODEL)[0] == 0
    code, out, err = run("mine", "page.html", "film.srt", *MODEL)
    assert len(out.splitlines()) == 4, err
    code, out, err = run("align", "page.html", "film.srt", *MODEL)
    assert [line.split("\t")[4] for line in out.splitlines()[1:]] == ["music", "hello, you", "zzz"]
    pairs = ("corpus", "convert", "en-fr=page.html,film.srt")
    assert run(*pairs, "--out", "pairs.tsv")[0] == 0
    assert (here / "pairs.tsv").read_text().splitlines()[1] == "hello, you\thello, you"
    code, out, err = run("corpus", "clean", "pairs.tsv", "--exclude", "page.html")
    assert (code, out) == (2, ""), err


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.json"])
def test_tables_are_read_by_every_command(run: Run, here: Path, name: str) -> None:
    rows = [{"nr": str(i), "said": text} for i, text in enumerate(["music", "hello, you", "zzz"])]
    if name == "t.csv":
        text = 'nr;said\n0;music\n1;"hello, you"\n2;zzz\n'
    elif name == "t.tsv":
        text = "nr\tsaid\n0\tmusic\n1\thello, you\n2\tzzz\n"
    elif name == "t.jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        text = json.dumps(rows, indent=2)
    (here / name).write_text(text)
    options = ("--column", "said", *MODEL)
    code, out, err = run("search", name, "hello you", "--json", "-k", "1", *options)
    assert code == 0, err
    assert json.loads(out)["hits"][0]["text"] == "hello, you"
    code, out, err = run("index", name, "--out", "i", *options)
    assert (code, out.split()[1]) == (0, "3"), err
    assert run("encode", name, "--out", "v.npy", *options)[0] == 0
    code, out, err = run("mine", name, name, *options)
    assert len(out.splitlines()) == 4, err
    code, out, err = run("align", name, name, *options)
    assert [line.split("\t")[4] for line in out.splitlines()[1:]] == [row["said"] for row in rows]
