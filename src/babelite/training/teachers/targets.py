"""The teachers' vectors for the pairs or the sentences of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from babelite.training.network.distillation import Targets
from babelite.training.teachers.teacher import Teacher
from babelite.training.teachers.teacher_vectors import TeacherVectors

Rows = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class LoadedTeacher:
    """A teacher and its vectors of the training sentences."""

    teacher: Teacher
    vectors: TeacherVectors

    def rows_of_sentences(self, language: str, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The rows of the vectors of sentences; −1 where the teacher does not read them."""
        if not self.teacher.reads(language):
            return np.full(len(keys), -1, np.int32)
        return self.vectors.find(keys)

    def rows_of(
        self, languages: Sequence[str], source: NDArray[np.uint64], target: NDArray[np.uint64]
    ) -> Rows:
        """The rows of the vectors of both sides of pairs, from the keys of their sentences.

        A sentence that the teacher does not read has the vector of its translation.
        """
        first, second = map(self.rows_of_sentences, languages, (source, target))
        return np.where(first < 0, second, first), np.where(second < 0, first, second)

    def targets(self, rows: Rows, device: torch.device) -> Targets:
        """The vectors of both sides."""
        source, target = (torch.from_numpy(self.vectors.take(side)).to(device) for side in rows)
        return Targets(source, target)


class TeacherTargets:
    """The vectors of all teachers for the pairs of each language pair.

    A language pair is given by its two codes and by the keys of both sides of its pairs.
    """

    def __init__(
        self,
        teachers: Sequence[LoadedTeacher],
        pairs: Sequence[tuple[Sequence[str], NDArray[np.uint64], NDArray[np.uint64]]],
    ) -> None:
        self._teachers = teachers
        self._rows = [[teacher.rows_of(*pair) for pair in pairs] for teacher in teachers]

    def of(
        self, language_pair: int, numbers: NDArray[np.int64], device: torch.device
    ) -> tuple[Targets, ...]:
        """The targets of each teacher for some pairs of a language pair."""
        found = []
        for teacher, rows in zip(self._teachers, self._rows, strict=True):
            source, target = rows[language_pair]
            found.append(teacher.targets((source[numbers], target[numbers]), device))
        return tuple(found)


class SentenceTargets:
    """The vectors of all teachers for the sentences of each language, given by their keys."""

    def __init__(
        self,
        teachers: Sequence[LoadedTeacher],
        sentences: Sequence[tuple[str, NDArray[np.uint64]]],
    ) -> None:
        self._teachers = teachers
        self._rows = [
            [teacher.rows_of_sentences(*each) for each in sentences] for teacher in teachers
        ]

    def of(
        self, corpus: int, numbers: NDArray[np.int64], device: torch.device
    ) -> tuple[torch.Tensor, ...]:
        """The vectors of each teacher for some sentences of a language; zero without one."""
        return tuple(
            torch.from_numpy(teacher.vectors.take(rows[corpus][numbers])).to(device)
            for teacher, rows in zip(self._teachers, self._rows, strict=True)
        )
