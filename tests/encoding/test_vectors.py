from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from babelite.encoding.vectors import unit_rows, write_vectors, write_vectors_resumably
from babelite.errors import BabeliteError
from babelite.storage import InUseError


def test_unit_rows_of_any_type_and_length() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0], [-5, 12]], dtype=np.int8))
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0], [-5 / 13, 12 / 13]], rtol=1e-6)


def test_huge_and_tiny_values_keep_their_direction() -> None:
    rows = unit_rows(np.array([[3e30, 4e30], [3e-30, 4e-30]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8]] * 2, rtol=1e-5)


def test_unit_rows_are_not_copied() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert unit_rows(rows) is rows


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(BabeliteError, match="sentence 2 contains a value"):
        unit_rows([[1.0, 0.0], [0.0, value]])


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(BabeliteError, match=r"shape \(2,\)"):
        unit_rows([1.0, 2.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_vectors_written_block_by_block_are_read_by_numpy(tmp_path: Path, dtype: type) -> None:
    rng = np.random.default_rng(0)
    blocks = [rng.random((n, 7), dtype=np.float32) for n in (5, 0, 1, 12_000)]
    out = tmp_path / "vectors.npy"
    assert write_vectors(out, iter(blocks), dim=7, dtype=dtype) == 12_006
    read = np.load(out, mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(read, np.concatenate(blocks).astype(dtype))


def test_zero_vectors_are_written(tmp_path: Path) -> None:
    assert write_vectors(tmp_path / "none.npy", [], dim=4) == 0
    assert np.load(tmp_path / "none.npy").shape == (0, 4)


def test_no_partial_file_is_left(tmp_path: Path) -> None:
    def failing():  # noqa: ANN202
        yield np.zeros((2, 4), dtype=np.float32)
        raise BabeliteError("stop", code="input-invalid")

    with pytest.raises(BabeliteError, match="stop"):
        write_vectors(tmp_path / "vectors.npy", failing(), dim=4)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["a", "b"])
def test_one_array_is_written_by_one_process(tmp_path: Path, key: str) -> None:
    out = tmp_path / "v.npy"
    rows = np.arange(1, 25, dtype=np.float32).reshape(6, 4)

    def write(blocks: Iterator[np.ndarray], key: str) -> None:
        write_vectors_resumably(out, lambda first: blocks, rows=6, dim=4, block_rows=2, key=key)

    def interrupted() -> Iterator[np.ndarray]:
        yield rows[:2]
        with pytest.raises(InUseError, match=r"v\.npy: is locked by another process"):
            write(iter([rows]), key)
        yield rows[2:]

    write(interrupted(), "a")
    np.testing.assert_array_equal(np.load(out), rows)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("damaged", [10, 200, 330, 500])
def test_damaged_rows_of_an_interrupted_run_are_written_again(tmp_path: Path, damaged: int) -> None:
    out = tmp_path / "v.npy"
    rows = np.random.default_rng(0).random((30, 4), np.float32)
    first_rows: list[int] = []

    def blocks_from(first: int, *, until: int) -> Iterator[np.ndarray]:
        first_rows.append(first)
        for start in range(first, until, 3):
            yield rows[start : start + 3]
        if until < len(rows):
            raise KeyboardInterrupt

    def write(until: int) -> None:
        write_vectors_resumably(
            out,
            lambda first: blocks_from(first, until=until),
            rows=30,
            dim=4,
            block_rows=6,
            key="k",
        )

    with pytest.raises(KeyboardInterrupt):
        write(until=27)
    part = tmp_path / ".v.npy.k.part"
    content = bytearray(part.read_bytes())
    content[damaged] ^= 1
    part.write_bytes(content)
    write(until=30)
    np.testing.assert_array_equal(np.load(out), rows)
    header = len(content) - 27 * 16
    intact = max(0, (damaged - header) // 16)
    assert first_rows == [0, intact - intact % 3 - (intact - intact % 3) % 6]
    assert list(tmp_path.iterdir()) == [out]
