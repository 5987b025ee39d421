"""Preparation of long work: checks of outputs, the work folder, the workers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from babelite.errors import BabeliteError
from babelite.storage import is_standard_output

if TYPE_CHECKING:
    from babelite.cluster import WorkerPool

_Choice = TypeVar("_Choice", bound=str)


def choice(option: str, value: str, choices: Sequence[_Choice]) -> _Choice:
    """The value of an option, if it is one of the choices."""
    for known in choices:
        if value == known:
            return known
    raise BabeliteError(
        f"{option} {value} is not a valid choice",
        code="option-invalid",
        hint=f"choose {', '.join(choices)}",
    )


def require_writable(*outputs: str, inputs: Iterable[str] = ()) -> None:
    """Check that output files (paths or ``-``) can be written and are not among the inputs."""
    existing = [Path(name) for name in inputs if name != "-" and Path(name).is_file()]
    for path in (Path(output) for output in outputs if not is_standard_output(output)):
        if path.is_dir():
            raise BabeliteError(
                "is a folder, not a file", code="is-a-folder", path=path, hint="add a file name"
            )
        if not path.parent.is_dir():
            problem, hint = "the folder of this file does not exist", "create the folder first"
            raise BabeliteError(problem, code="folder-not-found", path=path, hint=hint)
        # A regular file is replaced by a new one in its folder; a device or pipe is written to.
        target = path.parent if path.is_file() or not path.exists() else path
        if not os.access(target, os.W_OK):
            raise BabeliteError(
                "is not writable", code="not-writable", path=path, hint="choose another output"
            )
        if path.is_file() and any(path.samefile(other) for other in existing):
            raise BabeliteError(
                "is also an input file", code="output-is-input", path=path, hint="change --out"
            )


@contextmanager
def work_folder(out: str, work: Path | None) -> Iterator[Path | None]:
    """The folder of ``--work``, or OUT.work deleted at the end; None if OUT is not a file."""
    if work is not None or is_standard_output(out) or not _is_regular_or_new(Path(out)):
        yield work
        return
    from babelite.mining import WorkFolder
    from babelite.storage import InUseError

    folder = Path(f"{out}.work")
    try:
        yield folder
    except InUseError:  # another process is working in the folder
        raise
    except BabeliteError as error:
        if (
            error.code == "option-invalid" and folder.is_dir()
        ):  # found out at the end; the work is of no more use
            WorkFolder(folder).remove()
        else:
            WorkFolder.discard_if_unused(folder)
        raise
    WorkFolder(folder).remove()  # kept after other errors and kills, so that the run can be resumed


def open_workers(
    model: str | None,
    dim: int | None,
    ray: str | None,
    workers: int | None,
    *,
    required: bool = False,
) -> AbstractContextManager[WorkerPool | None]:
    """The workers of ``--ray`` and ``--workers``; None for this process unless required."""
    if ray is None and workers is None and not required:
        return nullcontext()
    from babelite.cluster import open_pool

    notice = partial(typer.echo, err=True)
    return open_pool(model, dim=dim, ray=ray, workers=workers, notice=notice)


def _is_regular_or_new(path: Path) -> bool:
    return path.is_file() or not path.exists()
