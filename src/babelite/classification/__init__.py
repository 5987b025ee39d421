"""Text classification on sentence vectors: train in one language, classify in every language."""

from typing import TYPE_CHECKING

from babelite.classification.classifier import (
    CLASSIFIER_KINDS,
    ClassifierKind,
    Prediction,
    TextClassifier,
)
from babelite.classification.logistic import LogisticClassifier
from babelite.classification.mlp import MLPClassifier, fit_mlps
from babelite.classification.mlp_training import MLPSettings
from babelite.classification.text_vectors import text_vectors

__all__ = [
    "CLASSIFIER_KINDS",
    "ClassifierKind",
    "EncoderTransformer",
    "LogisticClassifier",
    "MLPClassifier",
    "MLPSettings",
    "Prediction",
    "TextClassifier",
    "fit_mlps",
    "text_vectors",
]

if TYPE_CHECKING:
    from babelite.classification.encoder_transformer import EncoderTransformer
else:
    from babelite import lazy_exports

    # Lazy: it imports scikit-learn.
    __getattr__, _ = lazy_exports(__name__, {"encoder_transformer": "EncoderTransformer"})
