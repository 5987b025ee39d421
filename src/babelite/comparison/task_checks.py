"""Whether the files of the tasks can be measured by, seen before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from babelite.comparison.tasks import ClassificationTask, RetrievalTask, Task
from babelite.corpus import parse_source
from babelite.errors import BabeliteError


def require_files(tasks: Sequence[Task]) -> None:
    """See that every file and language of the tasks is there, and that no two share a column.

    Raises:
        BabeliteError: One is not there, or a task has two texts of a language pair; names task and
            file.
    """
    for task in tasks:
        files = task.files()
        for file in files:
            if not file.exists():
                raise BabeliteError(
                    f"there is no such file, and the task {task.name!r} needs it",
                    path=file,
                    hint="check the path in the configuration, or name the folder with --data",
                )
        if not files:
            raise BabeliteError(
                f"the task {task.name!r} has no files", hint="name some; see docs/comparison.md"
            )
        if isinstance(task, RetrievalTask):
            _require_one_text_a_pair(task)
            if task.sib200 is not None:
                all_there = task.model_copy(update={"languages": None}).sib200_languages()
                there = dict.fromkeys([*all_there, *task.sib200_languages()])
                _require_languages(task, task.languages or (), list(there), task.sib200)
        if isinstance(task, ClassificationTask):
            wanted = (task.train, *(task.languages or ()))
            _require_languages(task, wanted, task.languages_there(), task.documents)


def _require_one_text_a_pair(task: RetrievalTask) -> None:
    """Both directions of a pair are columns, whichever language comes first."""
    known: dict[frozenset[str], str] = {}
    of_sib200 = set(task.sib200_languages())
    for source in map(parse_source, task.pairs):
        pair, path = frozenset(source.languages), source.paths[0]
        other = task.sib200 if pair <= of_sib200 else known.get(pair)
        if other is not None:
            raise BabeliteError(
                f"is a second text of {source.name} in the task {task.name!r}, beside {other}",
                path=path,
                hint="measure it in a task of its own",
            )
        known[pair] = path


def _require_languages(
    task: Task, wanted: Sequence[str], there: Sequence[str], folder: str
) -> None:
    for code in wanted:
        if code not in there:
            raise BabeliteError(
                f"has nothing in {code!r}, a language of the task {task.name!r}",
                path=folder,
                hint=f"choose among {', '.join(there) or 'its folders'}",
            )
