"""Text classifiers on sentence vectors: trained in one language, used in all."""

from babelite.classification.classifier import CLASSIFIERS, Kind, Prediction, TextClassifier
from babelite.classification.features import text_vectors
from babelite.classification.logistic import LogisticClassifier
from babelite.classification.mlp import MLPClassifier, fit_side_by_side
from babelite.classification.perceptron import MLPSettings

__all__ = [
    "CLASSIFIERS",
    "Kind",
    "LogisticClassifier",
    "MLPClassifier",
    "MLPSettings",
    "Prediction",
    "TextClassifier",
    "fit_side_by_side",
    "text_vectors",
]
