"""JSON and TOML files: errors name the file and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from error_codes import raises
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from babelite.storage import explain_validation_error, parse_versioned_json, read_toml


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Square(Part):
    kind: Literal["square"]
    side: int = Field(gt=0)


class Circle(Part):
    kind: Literal["circle"]
    radius: float


class Shapes(Part):
    format_version: int = 1
    shapes: list[Annotated[Square | Circle, Field(discriminator="kind")]] = []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"color": 1}, "there is no key 'color'"),
        ({"shapes": [{"kind": "square", "side": 0}]}, "key 'shapes.1.side': should be "),
        ({"shapes": [{"kind": "circle"}]}, "key 'shapes.1.radius' is missing"),
        ({"shapes": [{"kind": "circle", "radius": 1, "x": 1}]}, "there is no key 'shapes.1.x'"),
        ([], "should be an object"),
    ],
)
def test_a_validation_error_names_the_key(fields: object, problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Shapes.model_validate(fields)
    error = explain_validation_error(
        caught.value, fields, code="option-invalid", hint="fix it", path="shapes.toml"
    )
    assert (error.code, error.path, error.hint) == ("option-invalid", "shapes.toml", "fix it")
    assert error.problem.startswith(problem)


@pytest.mark.parametrize(
    ("text", "code", "facts"),
    [
        ("{", "file-damaged", "shapes.json: .*not JSON"),
        ("[]", "file-damaged", "shapes.json"),
        ('{"shapes": 3}', "file-damaged", "'shapes'"),
        ('{"format_version": 2, "babelite_version": "9.9"}', "format-too-new", "babelite 9.9"),
    ],
)
def test_damaged_and_newer_json(text: str, code: str, facts: str) -> None:
    with raises(code, facts):
        parse_versioned_json(Shapes, text, "shapes.json", newest=1, hint="copy it again")


def test_valid_json() -> None:
    fields = {"shapes": [{"kind": "square", "side": 2}]}
    shapes = parse_versioned_json(Shapes, json.dumps(fields), "s.json", newest=1, hint="")
    assert shapes.shapes == [Square(kind="square", side=2)]


def test_toml(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("dim = 256\n")
    assert read_toml(path, hint="") == {"dim": 256}
    path.write_text("dim 256\n")
    with raises("format-invalid", "a.toml"):
        read_toml(path, hint="write dim = 256")
    with raises("is-a-folder"):
        read_toml(tmp_path, hint="")
    with raises("file-not-found"):
        read_toml(tmp_path / "none.toml", hint="")
