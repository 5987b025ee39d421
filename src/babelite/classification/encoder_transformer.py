"""`EncoderTransformer`: sentence vectors as a step of a scikit-learn pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from babelite.classification.text_vectors import text_vectors
from babelite.encoding import list_texts, open_encoder
from babelite.errors import requires_extra

with requires_extra("EncoderTransformer", "sklearn"):
    from sklearn.base import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        TransformerMixin,
    )

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from babelite.encoding import SentenceEncoder


class EncoderTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encodes texts as a step of a scikit-learn pipeline; nothing is trained.

    Args:
        encoder: An encoder, or the argument of `babelite.open_encoder`: None for the model in the
            package, a model folder or another specification.
        by_sentence: Use the mean of the sentence vectors of a text; for texts of more than a few
            sentences.

    Attributes:
        encoder_: The encoder in use, after `fit`.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> pipeline = make_pipeline(EncoderTransformer(), LogisticRegression())
        >>> texts = ["The match ended in a draw.", "Add salt and stir well."]
        >>> pipeline = pipeline.fit(texts, ["sport", "food"])
        >>> str(pipeline.predict(["Le match s'est terminé par un match nul."])[0])
        'sport'
    """

    def __init__(
        self, encoder: SentenceEncoder | str | None = None, *, by_sentence: bool = False
    ) -> None:
        self.encoder = encoder
        self.by_sentence = by_sentence

    def fit(self, X: Iterable[str], y: object = None) -> EncoderTransformer:  # noqa: N803
        """Open the encoder; the texts ``X`` and the labels ``y`` are not used."""
        given = self.encoder
        self.encoder_ = open_encoder(given) if given is None or isinstance(given, str) else given
        return self

    def transform(self, X: Iterable[str]) -> NDArray[np.float32]:  # noqa: N803
        """Encode texts: a list, an array of strings, or a column of a table.

        Returns:
            float32 array of shape (len(X), dim), rows of unit length; zero for blank texts.

        Raises:
            BabeliteError: ``X`` is a table, one string, or contains something else than strings.
        """
        if not hasattr(self, "encoder_"):
            self.fit(X)
        return text_vectors(self.encoder_, list_texts(X), by_sentence=self.by_sentence)

    @property
    def _n_features_out(self) -> int:
        return self.encoder_.dim

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        tags.requires_fit, tags.no_validation = False, True
        return tags
