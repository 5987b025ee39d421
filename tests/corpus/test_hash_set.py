"""The compact hash set, compared with Python's set."""

from __future__ import annotations

import sys
from hashlib import blake2b

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from babelite.corpus.hash_set import HashSet, hash_texts

small = st.integers(0, 60)
any_key = st.integers(0, 2**64 - 1)
blocks = st.lists(st.lists(small | any_key, max_size=40), max_size=12)


@given(blocks, st.sampled_from([1, 16, 1 << 24]))
def test_behaves_like_a_set(blocks: list[list[int]], longest_run: int) -> None:
    keys, model = HashSet(longest_run), set[int]()
    for block in blocks:
        array = np.array(block, dtype=np.uint64)
        assert keys.contains(array).tolist() == [key in model for key in block]
        new = []
        for key in block:
            new.append(key not in model)
            model.add(key)
        assert keys.add(array).tolist() == new
        assert len(keys) == len(model)


def test_eight_bytes_a_key_in_few_runs() -> None:
    keys = HashSet()
    generator = np.random.default_rng(0)
    for _ in range(100):
        keys.add(generator.integers(0, 2**63, 1000).astype(np.uint64))
    assert sum(run.nbytes for run in keys._runs) == 8 * len(keys)
    assert len(keys._runs) <= 8


def test_hashes_do_not_depend_on_the_process() -> None:
    expected = int.from_bytes(blake2b(b"abc", digest_size=8).digest(), sys.byteorder)
    assert hash_texts([b"abc", b""]).tolist()[0] == expected
    assert hash_texts([]).shape == (0,)
    assert len(set(hash_texts([b"a", b"b", b"a"]).tolist())) == 2
