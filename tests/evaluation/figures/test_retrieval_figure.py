from pathlib import Path

import numpy as np
import pytest

from babelite.errors import BabeliteError
from babelite.evaluation.figures.retrieval_figure import retrieval_figure, retrieval_title
from babelite.evaluation.retrieval import RetrievalResult, evaluate
from babelite.plots import picture_format, save_figure


class Noise:
    dim = 8

    def encode(self, sentences: object) -> np.ndarray:
        rng = np.random.default_rng(len(list(sentences)))  # type: ignore[call-overload]
        return rng.standard_normal((len(list(sentences)), 8))  # type: ignore[call-overload]


@pytest.fixture(params=[1, 80])
def result(request: pytest.FixtureRequest) -> RetrievalResult:
    pairs = [(f"a{i}", f"b{i}") for i in range(request.param)]
    return evaluate(Noise(), pairs, name="x & <y>", languages=("en", "fr"))


def test_figures_of_any_number_of_pairs(result: RetrievalResult, tmp_path: Path) -> None:
    figure = retrieval_figure([result])
    assert len(figure.axes) == 4  # three panels and a colour bar
    save_figure(figure, tmp_path / "scores.png")
    assert (tmp_path / "scores.png").read_bytes().startswith(b"\x89PNG")


def test_the_title_gives_precision(result: RetrievalResult) -> None:
    share = f"{result.forward.precision_at_1.value:.1%}"
    assert retrieval_title(result).startswith(f"x & <y>: {result.pairs} pair")
    assert f"{share} (en → fr)" in retrieval_title(result)


def test_invalid_picture_names_are_refused(tmp_path: Path) -> None:
    assert picture_format(tmp_path / "a.SVG") == "svg"
    for name, code in (("a.gif", "format-unknown"), ("no/a.png", "folder-not-found")):
        with pytest.raises(BabeliteError, match=name) as refused:
            picture_format(tmp_path / name)
        assert refused.value.code == code
