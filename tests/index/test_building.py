import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from processes import start_babelite
from word_encoder import WordEncoder

from babelite.errors import BabeliteError
from babelite.index import Index, building, index_parts
from babelite.index.description import read_index_description

SOURCES = {
    "a.txt": [f"w{i} w{i * 7 % 50}" if i % 9 else "" for i in range(50)],
    "b.txt": [f"w{i}" for i in range(23)],
    "c.txt": [f"w{i} v" for i in range(31)],
}
SLOW_ENCODER = """
import time
from word_encoder import WordEncoder

class Slow(WordEncoder):
    def encode(self, sentences):
        time.sleep(0.05)
        return super().encode(sentences)
"""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_BLOCK_LINES", 10)


def content(folder: Path) -> dict[str, bytes]:
    """Every byte of an index."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def interrupt_build(folder: Path, after: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        Index.build(SOURCES, WordEncoder(fail_after=after), folder)


@pytest.mark.parametrize("after", [0, 9, 15, 44, 45, 60, 90])
def test_an_interrupted_build_resumes_to_the_same_index(tmp_path: Path, after: int) -> None:
    Index.build(SOURCES, WordEncoder(), tmp_path / "whole")
    interrupt_build(tmp_path / "index", after)
    with pytest.raises(BabeliteError, match="is not finished"):
        Index.open(tmp_path / "index")
    encoder = WordEncoder()
    Index.build(SOURCES, encoder, tmp_path / "index")
    assert content(tmp_path / "index") == content(tmp_path / "whole")
    # At most one block is encoded again.
    assert encoder.encoded <= 98 - after + 10


@settings(max_examples=20)
@given(
    after=st.integers(0, 97),
    changed=st.sampled_from(list(SOURCES)),
    at=st.integers(0, 22),
    change=st.sampled_from(["other", "gone", "new", "end", "source gone", "source new"]),
)
def test_an_interrupted_build_never_mixes_two_inputs(
    tmp_path_factory: pytest.TempPathFactory, after: int, changed: str, at: int, change: str
) -> None:
    sources = {name: list(lines) for name, lines in SOURCES.items()}
    lines = sources[changed]
    if change == "other":
        lines[at] = "something else"
    elif change == "gone":
        del lines[at]
    elif change == "new":
        lines.insert(at, "")
    elif change == "end":
        del lines[at:]
    elif change == "source gone":
        del sources[changed]
    else:
        sources = {"new.txt": ["w1", "w2"], **sources}
    folder = tmp_path_factory.mktemp("indices")
    interrupt_build(folder / "index", after)
    Index.build(sources, WordEncoder(), folder / "index")
    Index.build(sources, WordEncoder(), folder / "whole")
    assert content(folder / "index") == content(folder / "whole")


@pytest.mark.parametrize("after", [0, 5, 12, 20])
def test_an_interrupted_addition_is_found_when_it_is_complete(tmp_path: Path, after: int) -> None:
    first, second, third = ({name: lines} for name, lines in SOURCES.items())
    whole = Index.build(first, WordEncoder(), tmp_path / "whole")
    whole.add(second)
    index = Index.build(first, WordEncoder(), tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        Index.open(index.folder, WordEncoder(fail_after=after + 3)).add(second)
    assert len(Index.open(index.folder)) == len(index)
    # Other lines in their place are as good.
    with pytest.raises(KeyboardInterrupt):
        Index.open(index.folder, WordEncoder(fail_after=after + 3)).add(third)
    index.add(second)
    assert content(tmp_path / "index") == content(tmp_path / "whole")


def test_a_finished_index_is_not_encoded_again(tmp_path: Path) -> None:
    Index.build(SOURCES, WordEncoder(), tmp_path / "index")
    before = content(tmp_path / "index")
    encoder = WordEncoder()
    Index.build(SOURCES, encoder, tmp_path / "index")
    assert encoder.encoded == 3  # to see whether it is the same encoder
    for sources in ({"a.txt": SOURCES["a.txt"]}, {**SOURCES, "d.txt": ["w1"]}, ["w1"]):
        with pytest.raises(BabeliteError, match="is a finished index of other lines"):
            Index.build(sources, WordEncoder(), tmp_path / "index")
    assert content(tmp_path / "index") == before


def test_another_encoder_or_precision_is_refused(tmp_path: Path) -> None:
    index = Index.build(["w1", "w2"], WordEncoder(), tmp_path / "index")
    with pytest.raises(BabeliteError, match="was made with the model"):
        Index.build(["w1", "w2"], WordEncoder(8), tmp_path / "index")
    with pytest.raises(BabeliteError, match="int8 vectors, not float16"):
        Index.build(["w1", "w2"], WordEncoder(), tmp_path / "index", precision="float16")
    for other in (WordEncoder(8), WordEncoder(seed=1)):
        for use in ("search", "add"):
            with pytest.raises(BabeliteError, match="another model gives other vectors"):
                getattr(Index.open(index.folder, other), use)(["w1"])
    assert len(Index.open(index.folder)) == 2


def test_an_interrupted_build_does_not_resume_with_another_encoder(tmp_path: Path) -> None:
    interrupt_build(tmp_path / "index", 30)
    before = content(tmp_path / "index")
    with pytest.raises(BabeliteError, match="another model gives other vectors"):
        Index.build(SOURCES, WordEncoder(seed=1), tmp_path / "index")
    assert content(tmp_path / "index") == before


def test_an_encoder_that_drops_a_sentence_is_refused(tmp_path: Path) -> None:
    class Forgetful(WordEncoder):
        def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
            return super().encode(sentences[1:])

    with pytest.raises(BabeliteError, match=r"shape \(7, 16\) for 8 sentences"):
        Index.build(SOURCES, Forgetful(), tmp_path / "index")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with 30,000 lines and an encoder that takes a while."""
    monkeypatch.setattr(building, "_BLOCK_LINES", 4096)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "slow.py").write_text(SLOW_ENCODER)
    (tmp_path / "lines.txt").write_text("".join(f"w{i % 500} w{i % 7}\n" for i in range(30_000)))
    return tmp_path


def run_index(here: Path, folder: str, largest_file: int | None = None) -> tuple[int | None, str]:
    log = here / "log"
    log.unlink(missing_ok=True)
    arguments = ["index", "lines.txt", "-m", "slow:Slow", "--out", folder]
    process = start_babelite(arguments, log, largest_file=largest_file)
    process.join()
    return process.exitcode, log.read_text()


def test_a_killed_build_resumes_to_the_same_index(here: Path) -> None:
    arguments = ["index", "lines.txt", "-m", "slow:Slow", "--out", "killed"]
    killed = start_babelite(arguments, here / "log")
    while not (here / "killed" / "index.json").exists() or not (
        read_index_description(here / "killed").on_disk.rows
    ):
        assert killed.is_alive()
        time.sleep(0.005)
    killed.kill()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert not read_index_description(here / "killed").contents.rows
    for folder in ("killed", "whole"):
        code, log = run_index(here, folder)
        assert code == 0, log
    assert content(here / "killed") == content(here / "whole")


def test_a_full_disk_keeps_the_encoded_lines(here: Path) -> None:
    code, log = run_index(here, "full", largest_file=200_000)
    assert code == 2
    assert "Traceback" not in log
    assert "full: cannot be written (File too large); free some space" in log
    assert read_index_description(here / "full").on_disk.rows == 3 * 4096
    code, log = run_index(here, "full")
    assert "encoding: 17,712 lines in" in log
    assert run_index(here, "whole")[0] == code == 0
    assert content(here / "full") == content(here / "whole")


def test_an_addition_interrupted_while_building_parts_is_not_added_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_parts, "EXACT_ROWS", 1_500)
    monkeypatch.setattr(index_parts, "PART_ROWS", 1_500)
    more = [f"w{i} w{i * 7 % 500}" for i in range(3_000)]
    Index.build(["first"], WordEncoder(), tmp_path / "index")
    stop = stop_at_second_part(tmp_path / "index")
    with pytest.raises(KeyboardInterrupt):
        Index.open(tmp_path / "index", WordEncoder()).add({"more": more}, progress=stop)
    assert len(Index.open(tmp_path / "index")) == 1
    [made] = (tmp_path / "index").glob("*.faiss")
    written = made.stat().st_mtime_ns
    index = Index.open(tmp_path / "index", WordEncoder())
    index.add({"more": more})
    assert [source.name for source in index.description.contents.sources] == ["lines", "more"]
    assert (len(index), index.description.covered) == (3_001, 3_001)
    assert made.stat().st_mtime_ns == written  # not made again
    # Other lines in place of those of an interrupted addition have parts of their own.
    again = [f"v{i}" for i in range(3_001)]
    with pytest.raises(KeyboardInterrupt):
        index.add({"again": again}, progress=stop_at_second_part(tmp_path / "index"))
    index.add({"again": again[::-1]})
    assert index.search(["v17"], 1)[0][0].text == "v17"
    files = {part.file for part in index.description.parts}
    assert files == {path.name for path in (tmp_path / "index").glob("*.faiss")}


def stop_at_second_part(folder: Path) -> Callable[[str, int, int | None], None]:
    before = len(list(folder.glob("*.faiss")))

    def stop(what: str, done: int, total: int | None) -> None:
        if what == "training" and len(list(folder.glob("*.faiss"))) > before:
            raise KeyboardInterrupt

    return stop
