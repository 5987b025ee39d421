"""Checks before long work, and its work folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from babelite.errors import BabeliteError
from babelite.storage import is_standard_output

if TYPE_CHECKING:
    from babelite.encoding import SentenceEncoder
    from babelite.mining import Sentences

_Choice = TypeVar("_Choice", bound=str)

# A text is warned about if the model lacks more than half of the characters of half of its lines.
_LOOKED_AT = 200
_MOSTLY = 0.5


def choice(option: str, value: str, choices: Sequence[_Choice]) -> _Choice:
    """The choice that an option names.

    Raises:
        BabeliteError: It names none.
    """
    for known in choices:
        if value == known:
            return known
    raise BabeliteError(f"there is no {option} {value}", hint=f"choose {', '.join(choices)}")


def require_writable(*files: str, apart_from: Iterable[str] = ()) -> None:
    """See before a long computation that its results have somewhere to go.

    Args:
        files: The results, each a path or ``-``.
        apart_from: What is read, paths or ``-``: a result must not replace it.

    Raises:
        BabeliteError: The folder of a file does not exist or may not be written to, the file is a
            folder, or it is one that is read.
    """
    read = [Path(name) for name in apart_from if name != "-" and Path(name).is_file()]
    for path in (Path(file) for file in files if not is_standard_output(file)):
        if path.is_dir():
            raise BabeliteError("is a folder, a file is needed", path=path, hint="add a name")
        if not path.parent.is_dir():
            raise BabeliteError(
                "its folder does not exist", path=path, hint="make the folder first"
            )
        # A file is written beside the one it replaces; a device or a pipe is written to itself.
        place = path.parent if path.is_file() or not path.exists() else path
        if not os.access(place, os.W_OK):
            raise BabeliteError("may not be written", path=path, hint="choose another place")
        if path.is_file() and any(path.samefile(other) for other in read):
            raise BabeliteError(
                "is read, and the result would replace it", path=path, hint="name another --out"
            )


@contextmanager
def working(out: str, work: Path | None) -> Iterator[Path | None]:
    """A work folder: the one that was named, else one beside the result until that is there.

    Args:
        out: The result, or ``-``.
        work: The folder that was named, to be kept.

    Yields:
        The folder; None if there is no place for one.
    """
    if work is not None or not _has_place(out):
        yield work
        return
    from babelite.mining import Work
    from babelite.storage import InUseError

    folder = Path(f"{out}.work")
    try:
        yield folder
    except InUseError:  # what is in the folder is another's
        raise
    except BabeliteError:
        Work.discard_if_nothing_is_done(folder)
        raise
    Work(folder).remove()  # not after an error or a kill: what is done is gone on with


def warn_of_unreadable(encoder: SentenceEncoder, sentences: Sentences, path: str) -> None:
    """Say so if a model cannot read most of a text, as one of a script it was not trained on."""
    from babelite.encoding import Encoder

    if not isinstance(encoder, Encoder):
        return
    rows = range(0, len(sentences), max(1, len(sentences) // _LOOKED_AT))
    shares = encoder.unknown_token_share([sentences[row] for row in rows])
    if (shares > _MOSTLY).mean() > _MOSTLY:
        name = "standard input" if path == "-" else path
        typer.echo(
            f"babelite: the model can read little or nothing of {name}, so its scores mean little; "
            f"its languages are {', '.join(encoder.languages)}.",
            err=True,
        )


def _has_place(out: str) -> bool:
    return not is_standard_output(out) and (Path(out).is_file() or not Path(out).exists())
