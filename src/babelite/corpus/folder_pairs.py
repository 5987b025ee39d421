"""Files of two folders that belong together by their names."""

from __future__ import annotations

from pathlib import Path

from babelite.corpus.languages import without_language_ending
from babelite.errors import BabeliteError


def paired_files(source: Path, target: Path) -> tuple[list[tuple[str, Path, Path]], list[Path]]:
    """Pair the files of two folders, and of the folders inside them, by their names.

    A language in a name does not count: ``a.en.txt`` belongs to ``a.fr.txt``. Hidden files are
    left out.

    Args:
        source: The folder of the first files.
        target: The folder of the others.

    Returns:
        The name of each pair (its path in the folder, without language and file ending) and its
        two files, sorted by name; and the files without a partner.

    Raises:
        BabeliteError: There is no pair, code ``input-empty``; or several files of a folder have
            the same name but for the language or the ending, code ``input-invalid``.
    """
    sides = _files_by_name(source), _files_by_name(target)
    names = sorted(sides[0].keys() & sides[1].keys())
    pairs = [(name, sides[0][name], sides[1][name]) for name in names]
    alone = [file for side in sides for name, file in sorted(side.items()) if name not in names]
    if not pairs:
        problem = f"has no file with the name of a file in {target}"
        hint = "give the files of a pair the same name"
        raise BabeliteError(problem, code="input-empty", path=source, hint=hint)
    return pairs, alone


def _files_by_name(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")):
        place = file.relative_to(folder)
        if any(part.startswith(".") for part in place.parts) or not file.is_file():
            continue
        name = without_language_ending(str(place))
        if name in files:
            problem = f"has the same name as {files[name].name}, but for the language or ending"
            hint = "rename one of them, or move one to another folder"
            raise BabeliteError(problem, code="input-invalid", path=file, hint=hint)
        files[name] = file
    return files
