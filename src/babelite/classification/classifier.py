"""Text classifier on sentence vectors: train, predict, save and load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.classification.examples import FitProgress
from babelite.classification.file_format import (
    ClassifierDescription,
    read_classifier,
    write_classifier,
)
from babelite.classification.labelled_pairs import labelled_pairs, pairs_with_text
from babelite.classification.logistic import LogisticClassifier
from babelite.classification.mlp import MLPClassifier
from babelite.classification.text_vectors import text_vectors
from babelite.encoding import (
    fingerprint_of,
    iterate_texts,
    list_texts,
    open_recorded_encoder,
    require_same_encoder,
    unit_rows,
)
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder

ClassifierKind = Literal["logistic", "mlp"]
CLASSIFIER_KINDS: tuple[ClassifierKind, ...] = ("logistic", "mlp")
VectorModel = LogisticClassifier | MLPClassifier

# The file stores the vectors of these texts, to recognise the encoder.
_PROBES = ("The weather is nice today.", "Où est la gare ?", "1 2 3")
_BLOCK = 4096  # large blocks are faster: the encoder batches sentences of similar length


class Prediction(NamedTuple):
    """The most probable label of a text and its probability (0 to 1).

    None for a blank text and one that the encoder cannot read.
    """

    label: str | None
    probability: float | None


@dataclass(frozen=True)
class TextClassifier:
    """Classifies texts in every language of its encoder; create it with `train` or `load`.

    Attributes:
        encoder: The encoder, whose vectors are the features.
        head: The classifier of vectors.
        by_sentence: Whether a text's vector is the mean of its sentence vectors.
        spec: Specification of the encoder for `babelite.open_encoder`; None for the packaged model
            and for an encoder that was given as an object.
    """

    encoder: SentenceEncoder
    head: VectorModel
    by_sentence: bool = False
    spec: str | None = None

    @classmethod
    def train(
        cls,
        encoder: SentenceEncoder,
        texts: Iterable[str] | Iterable[tuple[str, str]],
        labels: Iterable[object] | None = None,
        *,
        dev: Iterable[tuple[str, str]] = (),
        classifier: ClassifierKind = "logistic",
        seed: int = 0,
        by_sentence: bool = False,
        spec: str | None = None,
        progress: FitProgress | None = None,
    ) -> TextClassifier:
        """Train a classifier on labelled texts.

        Args:
            encoder: The encoder; it is not changed.
            texts: The texts: a list, an array or a column of a table. Without ``labels``: pairs of
                a label and a text, such as `babelite.corpus.LabelledText`. Blank texts are ignored.
            labels: The label of each text, at least two different ones; numbers become strings.
            dev: Pairs of a label and a text to choose the regularisation or the epoch with.
            classifier: ``logistic`` (logistic regression), or ``mlp`` (LASER's).
            seed: Random seed of the MLP.
            by_sentence: Use the mean of the sentence vectors of a text; for texts of more than a
                few sentences.
            spec: Specification that the encoder was opened with; saved, so that `load` can open it.
            progress: Called with the number of training steps done and their total.

        Raises:
            BabeliteError: There are fewer than two labels, ``dev`` has an unknown one, a label is
                missing, or the numbers of texts and labels differ.

        Example:
            >>> from babelite import Encoder
            >>> texts = ["The match ended in a draw.", "Add salt and stir well."]
            >>> classifier = TextClassifier.train(Encoder.load(), texts, ["sport", "food"])
            >>> classifier.predict(["Le match s'est terminé par un match nul."])[0].label
            'sport'
        """
        head: VectorModel = MLPClassifier(seed) if classifier == "mlp" else LogisticClassifier()
        pairs = texts if labels is None else labelled_pairs(texts, labels)
        written, chosen = pairs_with_text(pairs), pairs_with_text(dev)
        rows = [*written, *chosen]
        vectors = text_vectors(encoder, [text for _, text in rows], by_sentence=by_sentence)
        known = [label for label, _ in rows]
        cut = len(written)
        dev_vectors, dev_labels = (vectors[cut:], known[cut:]) if chosen else (None, None)
        head.fit(vectors[:cut], known[:cut], dev_vectors, dev_labels, progress)
        return cls(encoder, head, by_sentence, spec)

    def refitted(self, examples: Iterable[tuple[str, str]]) -> TextClassifier:
        """Train again on more texts, such as training and dev texts, with the same regularisation.

        An MLP is returned unchanged: the best number of epochs depends on the number of texts.
        """
        if not isinstance(self.head, LogisticClassifier):
            return self
        head = LogisticClassifier((self.head.chosen_strength_,))
        rows = pairs_with_text(examples)
        texts = [text for _, text in rows]
        vectors = text_vectors(self.encoder, texts, by_sentence=self.by_sentence)
        head.fit(vectors, [label for label, _ in rows])
        return replace(self, head=head)

    @property
    def classes_(self) -> tuple[str, ...]:
        """The labels, in alphabetical order."""
        return self.head.classes_

    def predict_proba(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """The probability of every label: float32 (len(texts), labels), columns as ``classes_``."""
        vectors = text_vectors(self.encoder, list_texts(texts), by_sentence=self.by_sentence)
        return self.head.predict_proba(vectors)

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """The most probable label of each text, and its probability."""
        rows = list_texts(texts)
        vectors = text_vectors(self.encoder, rows, by_sentence=self.by_sentence)
        probabilities = self.head.predict_proba(vectors)
        best = probabilities.argmax(axis=1).tolist()
        highest = probabilities.max(axis=1).tolist()
        readable: list[bool] = (vectors != 0).any(axis=1).tolist()
        return [
            Prediction(self.classes_[i], share)
            if known and text.strip()
            else Prediction(None, None)
            for text, known, i, share in zip(rows, readable, best, highest, strict=True)
        ]

    def score(self, texts: Iterable[str], labels: Iterable[object]) -> float:
        """The accuracy on labelled texts, 0 to 1; a blank text counts as wrong."""
        pairs = labelled_pairs(texts, labels)
        if not pairs:
            problem, hint = "there are no texts to score", "give at least one"
            raise BabeliteError(problem, code="input-empty", hint=hint)
        found = self.predict([text for _, text in pairs])
        right = [f.label == label for f, (label, _) in zip(found, pairs, strict=True)]
        return sum(right) / len(right)

    def stream(
        self, texts: Iterable[str], block_size: int = _BLOCK
    ) -> Iterator[tuple[str, Prediction]]:
        """Classify a stream of texts in blocks; yields each text with its prediction, in order."""
        remaining = iterate_texts(texts)
        while block := list(islice(remaining, block_size)):
            yield from zip(block, self.predict(block), strict=True)

    def save(self, path: str | Path) -> None:
        """Write the classifier, without the encoder, to one npz file without pickles, atomically.

        Raises:
            BabeliteError: The file cannot be written.
        """
        description = ClassifierDescription(
            classifier=self.head.kind,
            labels=self.classes_,
            by_sentence=self.by_sentence,
            encoder=fingerprint_of(self.encoder, self.spec),
            probes=_PROBES,
        )
        vectors = unit_rows(self.encoder.encode(_PROBES))
        write_classifier(path, description, vectors, self.head.arrays())

    @classmethod
    def load(
        cls,
        path: str | Path,
        encoder: SentenceEncoder | None = None,
        *,
        allow_download: bool = False,
    ) -> TextClassifier:
        """Load a saved classifier.

        Args:
            path: The file.
            encoder: The encoder it was trained with; by default opened by the saved specification.
            allow_download: Whether another library may download that encoder.

        Raises:
            BabeliteError: The file is damaged or not a classifier, or the encoder cannot be opened
                or differs from that of training.
        """
        path = Path(path)
        description, vectors, arrays = read_classifier(path)
        identity = description.encoder
        if encoder is None:
            argument = "TextClassifier.load(path, encoder)"
            encoder = open_recorded_encoder(
                identity, path, allow_download=allow_download, argument=argument
            )
        require_same_encoder(identity, encoder, path, "classifier", description.probes, vectors)
        made = MLPClassifier if description.classifier == "mlp" else LogisticClassifier
        try:
            head: VectorModel = made.from_arrays(description.labels, arrays)
            head.predict_proba(vectors)
        except (ValueError, BabeliteError) as error:
            hint = "copy it again or train it again"
            raise BabeliteError("is damaged", code="file-damaged", path=path, hint=hint) from error
        return cls(encoder, head, description.by_sentence, identity.spec)
