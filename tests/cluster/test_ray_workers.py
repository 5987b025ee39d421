"""Tests on a real Ray cluster with two workers and killed processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from babelite.cluster import encode_files, open_pool
from babelite.corpus import SentenceSource
from babelite.encoding import Encoder, fingerprint_of
from babelite.errors import BabeliteError
from babelite.storage import is_lock_file

pytestmark = pytest.mark.slow

LINES = [f"line {i} of the house" for i in range(2_000)]
SHARD_LINES = 20


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{line}\n" for line in LINES))
    return path


def require_all_once(folder: Path, source: str) -> None:
    tables = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
    ids = [value for table in tables for value in table["id"].to_pylist()]
    assert ids == [f"{source}:{number}" for number in range(1, len(LINES) + 1)]
    assert [is_lock_file(path) for path in folder.glob(".*")] == [True]


def babelite(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "babelite", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def waited_for(process: subprocess.Popen[bytes]) -> str:
    output = process.communicate(timeout=300)[0].decode()
    assert process.returncode == 0, output
    return output


def test_the_shard_of_a_killed_worker_is_repeated(text: Path, model: str, ray_address: str) -> None:
    out = text.with_name("shards")
    killed: list[int] = []
    with open_pool(model, ray=ray_address, workers=2) as pool:

        def kill(what: str, done: int, total: int) -> None:
            if what == "encoding" and done > 100 and not killed:
                killed.extend(pool.backend.pids.values())
                os.kill(killed[0], signal.SIGKILL)

        made = encode_files(
            [SentenceSource(str(text))],
            str(out),
            pool,
            fingerprint_of(Encoder.load(model), model),
            shard_rows=SHARD_LINES,
            progress=kill,
        )
    assert made.lost_workers == 1
    assert made.new_rows == len(LINES)
    assert 0 < made.peak_memory < 400e6
    require_all_once(out, str(text))
    vectors = pq.read_table(out / "part-00000-000000.parquet")["vector"].to_pylist()
    expected = Encoder.load(model).encode(LINES[:SHARD_LINES])
    np.testing.assert_allclose(np.array(vectors, np.float32), expected, atol=1e-5)


@pytest.fixture
def killed(text: Path, model: str, ray_address: str) -> Iterator[list[str]]:
    """The command whose process was killed when some shards were there."""
    command = [
        "encode", "a.txt", "--out", "shards", "--model", model, "--ray", ray_address,
        "--workers", "2", "--shard-lines", str(SHARD_LINES), "--float16",
    ]  # fmt: skip
    driver = babelite(*command)
    deadline = time.monotonic() + 300
    while len(list(text.with_name("shards").glob("*.parquet"))) < 3:
        assert driver.poll() is None, driver.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    yield command


def test_a_killed_driver_resumes(killed: list[str], text: Path) -> None:
    folder = text.with_name("shards")
    there = {path: path.stat().st_mtime_ns for path in folder.glob("*.parquet")}
    assert 3 <= len(there) < len(LINES) // SHARD_LINES
    output = waited_for(babelite(*killed))
    require_all_once(folder, "a.txt")
    assert sum(path.stat().st_mtime_ns == then for path, then in there.items()) >= 3
    # What is on the screen is ours.
    *_, counted, said = output.splitlines()
    assert counted.startswith("encoding: ")
    assert said.startswith("2,000 vectors of 48 components in 100 shards, at most ")
    assert len(output.splitlines()) <= 4


def test_mining_on_a_cluster_equals_mining_on_one_machine(
    text: Path, model: str, ray_address: str
) -> None:
    text.with_name("b.txt").write_text("".join(f"{line}!\n" for line in reversed(LINES[:500])))
    text.write_text("".join(f"{line}\n" for line in LINES[:400]))
    arguments = ["mine", "a.txt", "b.txt", "--model", model, "--threshold", "1"]
    waited_for(babelite(*arguments, "--out", "one.tsv"))
    for kind in ("exact", "auto"):
        out = ["--out", f"{kind}.tsv", "--search", kind]
        output = waited_for(babelite(*arguments, *out, "--ray", ray_address, "--workers", "2"))
        assert f"{kind}.tsv" in output.splitlines()[-1]
        assert (text.with_name(f"{kind}.tsv")).read_bytes() == (
            text.with_name("one.tsv").read_bytes()
        )


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("127.0.0.1:1", "network-failed"),
        ("ray://127.0.0.1:1", "network-failed"),
        ("nonsense", "option-invalid"),
    ],
)
def test_an_address_without_a_cluster_is_rejected(address: str, code: str) -> None:
    with pytest.raises(BabeliteError) as error:
        open_pool(ray=address)
    assert error.value.code == code
    assert address in str(error.value)


def test_a_missing_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BabeliteError, match=r"run: pip install 'babelite\[cluster\]'"):
        open_pool(ray="auto")
