"""A classifier of texts: an encoder, what was learnt on its vectors, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from babelite.classification.features import text_vectors
from babelite.classification.logistic import LogisticClassifier
from babelite.classification.mlp import MLPClassifier
from babelite.classification.saved import Description, read_classifier, write_classifier
from babelite.encoding import identify, reopen, require_same, require_same_vectors, unit_rows
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.corpus import LabelledText
    from babelite.encoding import SentenceEncoder

Kind = Literal["logistic", "mlp"]
CLASSIFIERS: tuple[Kind, ...] = ("logistic", "mlp")
Classifier = LogisticClassifier | MLPClassifier
Progress = Callable[[int, int], None]

# What a classifier's file remembers the vectors of, to know its encoder again.
_PROBES = ("The weather is nice today.", "Où est la gare ?", "1 2 3")
_BLOCK = 4096  # sentences of one length are encoded together, so that many at once is faster


class Prediction(NamedTuple):
    """What a text was found to be.

    Attributes:
        label: The most probable label; None for a blank text, which says nothing.
        probability: How probable it is, 0 to 1; None for a blank text.
    """

    label: str | None
    probability: float | None


@dataclass(frozen=True)
class TextClassifier:
    """Classifies texts in every language of its encoder; made by `train` or `load`.

    Attributes:
        encoder: What turns texts into vectors.
        head: What was learnt on the vectors.
        by_sentence: Whether a text's vector is the mean of its sentences'.
        spec: What `babelite.encoding.open_encoder` opens the encoder by; None for the model that
            babelite carries, and for an encoder that was given as an object.
    """

    encoder: SentenceEncoder
    head: Classifier
    by_sentence: bool = False
    spec: str | None = None

    @classmethod
    def train(
        cls,
        encoder: SentenceEncoder,
        examples: Sequence[LabelledText],
        dev: Sequence[LabelledText] = (),
        *,
        classifier: Kind = "logistic",
        seed: int = 0,
        by_sentence: bool = False,
        spec: str | None = None,
        progress: Progress | None = None,
    ) -> TextClassifier:
        """Learn from labelled texts.

        Args:
            encoder: What turns texts into vectors; it is not changed.
            examples: Labelled texts, of two labels or more. Blank texts count for nothing.
            dev: Further ones, to choose the regularisation or the epoch by.
            classifier: ``logistic``, or ``mlp`` for LASER's.
            seed: Of the MLP.
            by_sentence: Whether a text's vector is to be the mean of its sentences'; for texts of
                more than a few sentences.
            spec: What the encoder was opened by, to be opened by it again.
            progress: Told how much of the training is done, and how much there is.

        Returns:
            The classifier.

        Raises:
            BabeliteError: There are fewer than two labels, or ``dev`` has an unknown one.

        Example:
            >>> from babelite import Encoder
            >>> from babelite.corpus import LabelledText
            >>> texts = ["The match ended in a draw.", "Add salt and stir well."]
            >>> examples = [LabelledText(*row) for row in zip(["sport", "food"], texts)]
            >>> classifier = TextClassifier.train(Encoder.load(), examples)
            >>> classifier.predict(["Le match s'est terminé par un match nul."])[0].label
            'sport'
        """
        head: Classifier = MLPClassifier(seed) if classifier == "mlp" else LogisticClassifier()
        written = [row for row in examples if row.text.strip()]
        chosen = [row for row in dev if row.text.strip()]
        rows = [*written, *chosen]
        vectors = text_vectors(encoder, [row.text for row in rows], by_sentence=by_sentence)
        labels = [row.label for row in rows]
        cut = len(written)
        dev_vectors, dev_labels = (vectors[cut:], labels[cut:]) if chosen else (None, None)
        head.fit(vectors[:cut], labels[:cut], dev_vectors, dev_labels, progress)
        return cls(encoder, head, by_sentence, spec)

    def refitted(self, examples: Sequence[LabelledText]) -> TextClassifier:
        """Learn anew from more texts, with the regularisation that was chosen before.

        Args:
            examples: Labelled texts, those that it was chosen by among them.

        Returns:
            Another classifier; the same one if it is no logistic regression, as the number of
            epochs that suits few texts does not suit more.
        """
        if not isinstance(self.head, LogisticClassifier):
            return self
        head = LogisticClassifier((self.head.chosen_strength_,))
        rows = [row for row in examples if row.text.strip()]
        texts = [row.text for row in rows]
        vectors = text_vectors(self.encoder, texts, by_sentence=self.by_sentence)
        head.fit(vectors, [row.label for row in rows])
        return replace(self, head=head)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in alphabetical order."""
        return self.head.classes_

    def predict_proba(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The probability of every label.

        Args:
            texts: Any number of texts.

        Returns:
            float32 array of shape (len(texts), labels), columns as in ``classes``.
        """
        return self.head.predict_proba(
            text_vectors(self.encoder, texts, by_sentence=self.by_sentence)
        )

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The most probable label of each text, and how probable it is.

        Args:
            texts: Any number of texts.

        Returns:
            One prediction a text.
        """
        probabilities = self.predict_proba(texts)
        best = probabilities.argmax(axis=1).tolist()
        highest = probabilities.max(axis=1).tolist()
        return [
            Prediction(self.classes[place], share) if text.strip() else Prediction(None, None)
            for text, place, share in zip(texts, best, highest, strict=True)
        ]

    def stream(
        self, texts: Iterable[str], block_size: int = _BLOCK
    ) -> Iterator[tuple[str, Prediction]]:
        """Classify any number of texts in bounded memory.

        Args:
            texts: The texts, which are read as they are needed.
            block_size: How many are classified at a time.

        Yields:
            Each text and what it was found to be, in order.
        """
        remaining = iter(texts)
        while block := list(islice(remaining, block_size)):
            yield from zip(block, self.predict(block), strict=True)

    def save(self, path: str | Path) -> None:
        """Write the classifier to one file, without the encoder; no pickle is in it.

        Args:
            path: The file to be, which appears when it is whole.

        Raises:
            BabeliteError: It cannot be written.
        """
        description = Description(
            classifier=self.head.kind,
            labels=self.classes,
            by_sentence=self.by_sentence,
            encoder=identify(self.encoder, self.spec),
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
        """Read a classifier that `save` wrote.

        Args:
            path: The file.
            encoder: The encoder it was trained with; opened by its name if not given.
            allow_download: Whether another library may fetch that encoder.

        Returns:
            The classifier.

        Raises:
            BabeliteError: The file is damaged or no classifier, or the encoder does not open or
                gives other vectors than in training.
        """
        path = Path(path)
        description, vectors, arrays = read_classifier(path)
        identity = description.encoder
        if encoder is None:
            encoder = reopen(
                identity,
                path,
                allow_download=allow_download,
                giving="TextClassifier.load(path, encoder)",
            )
        require_same(identity, encoder, path, "classifier")
        require_same_vectors(identity, encoder, description.probes, vectors, path, "classifier")
        made = MLPClassifier if description.classifier == "mlp" else LogisticClassifier
        try:
            head: Classifier = made.from_arrays(description.labels, arrays)
            head.predict_proba(vectors)
        except (ValueError, BabeliteError) as error:
            raise BabeliteError(
                "is a damaged classifier", path=path, hint="copy it again or train it again"
            ) from error
        return cls(encoder, head, description.by_sentence, identity.spec)
