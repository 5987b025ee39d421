"""Checks of input files and languages, made before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from babelite.comparison.tasks import ClassificationTask, MiningTask, RetrievalTask, Task
from babelite.corpus import parse_source
from babelite.errors import BabeliteError


def require_input_file(file: Path, where: str) -> None:
    """Check that a file of the configuration exists."""
    if not file.exists():
        problem, hint = f"there is no such file (needed by {where})", "check the path or --data"
        raise BabeliteError(problem, code="file-not-found", path=file, hint=hint)


def require_task_files(tasks: Sequence[Task]) -> None:
    """Check that every file and language exists, and that no task has two texts of a pair."""
    for task in tasks:
        files = task.files()
        for file in files:
            require_input_file(file, f"the task {task.name!r}")
        if not files:
            problem, hint = f"the task {task.name!r} has no files", "see docs/comparison.md"
            raise BabeliteError(problem, code="option-missing", hint=hint)
        if isinstance(task, MiningTask):
            _require_one_text_per_pair(task.name, task.pairs)
        if isinstance(task, RetrievalTask):
            in_sib200 = task.sib200_languages()
            _require_one_text_per_pair(task.name, task.pairs, task.sib200, in_sib200)
            if task.sib200 is not None:
                every = task.model_copy(update={"languages": None}).sib200_languages()
                available = dict.fromkeys([*every, *in_sib200])
                _require_languages(task, task.languages or (), list(available), task.sib200)
        if isinstance(task, ClassificationTask):
            requested = (task.train, *(task.languages or ()))
            _require_languages(task, requested, task.available_languages(), task.documents)


def _require_one_text_per_pair(
    name: str, pairs: Sequence[str], sib200: str | None = None, in_sib200: Sequence[str] = ()
) -> None:
    """A second text of a pair, in either order, would have the same columns."""
    known: dict[frozenset[str], str] = {}
    for source in map(parse_source, pairs):
        pair, path = frozenset(source.languages), source.paths[0]
        other = sib200 if pair <= set(in_sib200) else known.get(pair)
        if other is not None:
            raise BabeliteError(
                f"is a second text of {source.name} in the task {name!r}, after {other}",
                code="option-conflict",
                path=path,
                hint="evaluate it in a separate task",
            )
        known[pair] = path


def _require_languages(
    task: Task, requested: Sequence[str], available: Sequence[str], folder: str
) -> None:
    for code in requested:
        if code not in available:
            problem = f"has no text in {code!r}, a language of the task {task.name!r}"
            hint = f"choose from {', '.join(available) or 'its folders'}"
            raise BabeliteError(problem, code="language-not-found", path=folder, hint=hint)
