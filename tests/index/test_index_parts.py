from itertools import pairwise

import pytest

from babelite.encoding import EncoderFingerprint
from babelite.index.description import IndexContents, IndexDescription, IndexPart, IndexSource
from babelite.index.index_parts import plan_parts


def described(rows: int, covered: int = 0, **fields: object) -> IndexDescription:
    part = IndexPart(kind="ivf", start=0, stop=covered, file="ivf-0.faiss") if covered else None
    return IndexDescription.model_validate(
        {
            "encoder": EncoderFingerprint(name="x", dim=8),
            "precision": "int8",
            "contents": IndexContents(sources=(IndexSource(name="a", lines=rows),)),
            "parts": (part,) if part else (),
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("rows", "covered", "kind", "wanted"),
    [
        (250_000, 0, None, []),
        (250_001, 0, None, ["pq"]),
        (2_500_000, 0, None, ["pq"] * 3),
        (4_000_001, 0, "ivf", ["ivf"] * 5),
        (9_000_000, 0, "exact", []),
        (1_000, 0, "pq", ["pq"]),
        (1_250_000, 1_000_000, None, []),
        (1_250_001, 1_000_000, None, ["pq"]),
        (1_250_000, 1_000_000, "ivf", []),
        (8_000_000, 4_000_000, None, ["pq"] * 4),
    ],
)
def test_parts_cover_rows_that_are_too_many_for_exact_search(
    rows: int, covered: int, kind: str | None, wanted: list[str]
) -> None:
    parts = plan_parts(described(rows, covered, kind=kind))
    assert [part.kind for part in parts] == wanted
    if parts:
        assert parts[0].start == covered
        assert parts[-1].stop == rows
        assert all(a.stop == b.start for a, b in pairwise(parts))
        assert max(part.stop - part.start for part in parts) <= 1_000_000
        assert len({part.file for part in parts}) == len(parts)
