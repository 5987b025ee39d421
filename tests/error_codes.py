"""Expectations about errors: their code, and the facts in their message."""

from __future__ import annotations

import pytest

from babelite.errors import BabeliteError


def raises(code: str, facts: str = "") -> pytest.RaisesExc[BabeliteError]:
    """Expect a `BabeliteError` with a code, and with facts (a pattern) in its message."""
    return pytest.raises(BabeliteError, match=facts or None, check=lambda error: error.code == code)
