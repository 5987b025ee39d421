import json
from pathlib import Path

import fsspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from babelite.cluster import EncodedFolder, encode_files, open_pool
from babelite.cluster.shards import MANIFEST
from babelite.cluster.worker import WorkerModel
from babelite.corpus import SentenceSource
from babelite.encoding import Encoder, fingerprint_of
from babelite.errors import BabeliteError
from babelite.storage import is_lock_file

MEMORY = fsspec.filesystem("memory")
LINES = [f"line {i} of the house" if i % 7 else "" for i in range(100)]
OTHERS = ["une souris", "ein Haus"]


@pytest.fixture
def sources(tmp_path: Path) -> list[SentenceSource]:
    (tmp_path / "a.txt").write_text("".join(f"{line}\n" for line in LINES))
    (tmp_path / "b.jsonl").write_text("".join(f"{json.dumps({'fr': s})}\n" for s in OTHERS))
    return [
        SentenceSource(str(tmp_path / "a.txt")),
        SentenceSource(str(tmp_path / "b.jsonl"), column="fr"),
    ]


def encode(sources: list[SentenceSource], out: str, model: str, **options: object) -> EncodedFolder:
    with open_pool(model, workers=1) as pool:
        identity = fingerprint_of(Encoder.load(model), model)
        return encode_files(sources, out, pool, identity, **{"shard_rows": 30, **options})


def read(folder: str) -> tuple[list[str], list[str], np.ndarray]:
    """The ids, texts and vectors of a folder, read without babelite."""
    files = fsspec.core.url_to_fs(folder)[0]
    names = sorted(files.glob(f"{folder}/*.parquet"))
    tables = [pq.read_table(name, filesystem=files) for name in names]
    columns = {
        name: [value for table in tables for value in table[name].to_pylist()]
        for name in tables[0].column_names
    }
    return columns["id"], columns.get("text", []), np.array(columns["vector"], np.float32)


@pytest.mark.parametrize("where", ["path", "memory"])
def test_every_line_is_encoded_once(
    where: str, sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    out = str(tmp_path / "out") if where == "path" else "memory://encoded/out"
    made = encode(sources, out, model)
    assert made.manifest.rows == made.new_rows == 102
    ids, texts, vectors = read(out)
    a, b = (source.place for source in sources)
    assert ids == [f"{a}:{n}" for n in range(1, 101)] + [f"{b}:1", f"{b}:2"]
    assert texts == [*LINES, *OTHERS]
    expected = Encoder.load(model).encode([*LINES, *OTHERS])
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    assert not vectors[0].any()
    # A second call has nothing to do.
    assert encode(sources, out, model).new_rows == 0


def test_the_columns_and_types_of_shards(
    sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    encode(sources, str(tmp_path / "out"), model, dtype="float16", text=False)
    files = sorted((tmp_path / "out").glob("*.parquet"))
    assert [file.name for file in files] == [
        *(f"part-00000-{n:06d}.parquet" for n in range(4)), "part-00001-000000.parquet",
    ]  # fmt: skip
    schema = pq.read_schema(files[0])
    assert schema.names == ["id", "vector"]
    assert str(schema.field("vector").type) == "fixed_size_list<element: halffloat>[48]"


def test_only_missing_shards_are_written(
    sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    encode(sources, str(out), model)
    before = read(str(out))
    kept = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    del kept[out / "_checksums.json"]
    # As two killed workers leave it: one shard is missing, of another there is a beginning.
    for name in ("part-00000-000001.parquet", "part-00001-000000.parquet"):
        (out / name).unlink()
        del kept[out / name]
    (out / ".part-00000-000001.parquet.xyz.tmp").write_bytes(b"PAR1 half")
    made = encode(sources, str(out), model)
    assert made.new_rows == 32
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    after = read(str(out))
    assert before[:2] == after[:2]
    np.testing.assert_array_equal(before[2], after[2])
    assert [is_lock_file(path) for path in out.glob(".*")] == [True]


def test_a_folder_of_another_run_is_unchanged(
    sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    encode(sources, str(out), model)
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = fingerprint_of(Encoder.load(), None)
    for options, message in (
        ({"dtype": "float16"}, "vectors of float32"),
        ({"text": False}, "shards with text"),
        ({"shard_rows": 31}, "shards of 30 lines"),
    ):
        with pytest.raises(BabeliteError, match=message):
            encode(sources, str(out), model, **options)
    with pytest.raises(BabeliteError, match="the lines of"):
        encode(sources[:1], str(out), model)
    with (
        open_pool(None, workers=1) as pool,
        pytest.raises(BabeliteError, match="vectors of the model small & random"),
    ):
        encode_files(sources, str(out), pool, other, shard_rows=30)
    Path(sources[0].place).write_text("changed\n" * 100)
    with pytest.raises(BabeliteError, match=r"a\.txt before it changed"):
        encode(sources, str(out), model)
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    (out / MANIFEST).write_text("{")
    with pytest.raises(BabeliteError, match="is damaged"):
        encode(sources, str(out), model)
    with pytest.raises(BabeliteError, match=r"such as a\.txt"):
        encode(sources, str(tmp_path), model)


def test_workers_with_another_encoder_are_rejected(
    sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    identity = fingerprint_of(Encoder.load(model), model)
    with (
        open_pool(None, workers=1) as pool,
        pytest.raises(BabeliteError, match=r"model small & random .* gives other vectors"),
    ):
        encode_files(sources, str(tmp_path / "out"), pool, identity, shard_rows=30)
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_invalid_input_is_found_before_encoding(model: str, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_bytes(b"fine\n" * 50 + b"\xff\n")
    bad = SentenceSource(str(tmp_path / "bad.txt"))
    with pytest.raises(BabeliteError, match=r"bad\.txt, line 51"):
        encode([bad], str(tmp_path / "out"), model)
    assert not (tmp_path / "out").exists()
    (tmp_path / "good.txt").write_text("fine\n")
    good = SentenceSource(str(tmp_path / "good.txt"))
    with pytest.raises(BabeliteError, match=r"good\.txt"):
        encode([good, good], str(tmp_path / "out"), model)


def test_a_model_folder_is_sent_as_the_files_it_needs(model: str) -> None:
    packed = WorkerModel.packed(model)
    assert packed.files is not None
    assert sorted(packed.files) == ["babelite.json", "onnx/model_int8.onnx", "tokenizer.json"]
    sentences = ["the house", "une souris"]
    np.testing.assert_array_equal(
        packed.open().encode(sentences), Encoder.load(model).encode(sentences)
    )
    assert WorkerModel.packed(None).files is None


@pytest.mark.parametrize("recorded", [True, False])
def test_a_damaged_shard_is_written_again(
    recorded: bool, sources: list[SentenceSource], model: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    encode(sources, str(out), model)
    whole = {path: path.read_bytes() for path in out.iterdir()}
    if not recorded:  # as after a kill, or in a folder of an earlier version
        (out / "_checksums.json").unlink()
    shard = out / "part-00000-000001.parquet"
    damaged = bytearray(whole[shard])
    damaged[len(damaged) // 3] ^= 4
    shard.write_bytes(damaged)
    assert encode(sources, str(out), model).new_rows == 30
    assert shard.read_bytes() == whole[shard]
    if recorded:
        assert {path: path.read_bytes() for path in out.iterdir()} == whole
