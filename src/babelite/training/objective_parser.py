"""Parser of objectives: weighted sums of names, such as ``ugt + 2*align + 2*sim``."""

from __future__ import annotations

import re

from babelite.errors import BabeliteError

OBJECTIVES = ("mlm", "tlm", "smlm", "xtr", "ugt", "align", "sim", "translation")
TEACHER_OBJECTIVES = ("teach", "teach_sim")
# Those that also learn from sentences without translations.
MONOLINGUAL_OBJECTIVES = ("teach", "smlm")

_TERM = re.compile(r"^(?:(?P<weight>\d+(?:\.\d*)?|\.\d+)\s*\*\s*)?(?P<name>[a-z_]+)$")


def monolingual_name(objective: str) -> str:
    """The name of the loss of an objective on sentences without translations."""
    return f"mono_{objective}"


def parse_objective(text: str) -> dict[str, float]:
    """Read a weighted sum of objectives: the weight of each, in the order of the text.

    Example:
        >>> parse_objective("ugt + 2*align")
        {'ugt': 1.0, 'align': 2.0}
    """
    weights: dict[str, float] = {}
    known = (*OBJECTIVES, *TEACHER_OBJECTIVES)
    for term in text.split("+"):
        found = _TERM.match(term.strip().lower())
        name = found["name"] if found else None
        if found is None or name not in known:
            raise BabeliteError(
                f"the objective {text!r} has an unknown part {term.strip()!r}",
                code="option-invalid",
                hint=f"add some of {', '.join(known)}, for example 'ugt + 2*align + 2*sim'",
            )
        weight = float(found["weight"] or 1)
        if name in weights or weight == 0:
            raise BabeliteError(
                f"the objective {text!r} names {name!r} twice or with weight 0",
                code="option-invalid",
                hint="name each part once, with a weight above 0",
            )
        weights[name] = weight
    return weights
