import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelite.errors import BabeliteError
from babelite.evaluation.retrieval_protocols import all_against_all, muse_protocol

texts = st.sampled_from(["a", "A", "b", " b", "b  c", "B c", "d", "e"])
pair_lists = st.lists(st.tuples(texts, texts), max_size=20)


def test_all_against_all_keeps_duplicates() -> None:
    task = all_against_all([("a", "x"), ("a", "x"), ("b", "y")])
    assert (task.sources, task.targets, task.queries) == (("a", "a", "b"), ("x", "x", "y"), 3)


@given(pairs=pair_lists.filter(bool), distractors=pair_lists, queries=st.integers(1, 8))
def test_muse_drops_duplicates(
    pairs: list[tuple[str, str]], distractors: list[tuple[str, str]], queries: int
) -> None:
    task = muse_protocol(pairs, distractors, queries=queries)
    for side in (task.sources, task.targets):
        keys = [text.lower().split() for text in side]
        assert all(key not in keys[:row] for row, key in enumerate(keys))
    found = list(zip(task.sources, task.targets, strict=True))
    assert set(found[: task.queries]) <= set(pairs)
    assert set(found) <= set(pairs) | set(distractors)
    assert 1 <= task.queries <= queries


def test_muse_draws_by_the_seed_and_searches_all_others() -> None:
    pairs = [(f"s{i}", f"t{i}") for i in range(100)]
    distractors = [(f"s{i}", f"t{i}") for i in range(90, 300)]
    task = muse_protocol(pairs, distractors, queries=20, seed=1)
    assert task == muse_protocol(pairs, distractors, queries=20, seed=1)
    assert task.sources[:20] != muse_protocol(pairs, distractors, queries=20, seed=2).sources[:20]
    assert task.queries == 20
    assert sorted(task.sources) == sorted(f"s{i}" for i in range(300))
    assert [s[1:] for s in task.sources] == [t[1:] for t in task.targets]


def test_muse_with_fewer_pairs_than_queries() -> None:
    task = muse_protocol([("a", "x"), ("b", "y")], [("c", "z")], queries=2000)
    assert task.queries == 2
    assert task.sources[2:] == ("c",)


def test_no_pairs() -> None:
    with pytest.raises(BabeliteError, match="no sentence pair"):
        all_against_all([])
    with pytest.raises(BabeliteError, match="no sentence pair"):
        muse_protocol([], [("a", "b")])
    with pytest.raises(ValueError, match="at least 1"):
        muse_protocol([("a", "b")], queries=0)
