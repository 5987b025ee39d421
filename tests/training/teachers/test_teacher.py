import pytest

from babelite.errors import BabeliteError
from babelite.training.teachers.teacher import Teacher, parse_teacher


@pytest.mark.parametrize(
    ("text", "teacher"),
    [
        ("model", Teacher("model")),
        ("en=fastembed:some/model", Teacher("fastembed:some/model", ("en",))),
        ("2*en,fr=my_module:encode", Teacher("my_module:encode", ("en", "fr"), 2.0)),
        ("0.5*my_module:encode", Teacher("my_module:encode", None, 0.5)),
        ("sentence-transformers:a=b", Teacher("sentence-transformers:a=b")),
    ],
)
def test_a_teacher_is_weight_languages_and_encoder(text: str, teacher: Teacher) -> None:
    assert parse_teacher(text) == teacher


@pytest.mark.parametrize("text", ["", "en=", "2*", "0*model", "0*en=model"])
def test_a_teacher_without_encoder_or_weight_is_refused(text: str) -> None:
    with pytest.raises(BabeliteError) as caught:
        parse_teacher(text)
    assert caught.value.code == "option-invalid"


def test_an_english_teacher_reads_english() -> None:
    teacher = parse_teacher("en=model")
    assert teacher.reads("en")
    assert not teacher.reads("fr")
    assert parse_teacher("model").reads("fr")


def test_each_teacher_has_a_folder_of_its_own() -> None:
    names = {parse_teacher(text).folder_name for text in ("a/b", "a-b", "en=a/b", "fr=a/b")}
    assert len(names) == 4
    assert parse_teacher("2*a/b").folder_name == parse_teacher("a/b").folder_name
