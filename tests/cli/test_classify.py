import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
MODEL = ("-m", "letter_encoder:letters")
WORDS = {"vowels": ["aeio", "eeaa", "ioua", "uoie"], "consonants": ["bcdf", "ttrs", "kkll", "mnst"]}
ROWS = [
    (label, f"{words[i]} {words[j]}")
    for label, words in WORDS.items()
    for i in range(4)
    for j in range(4)
]


@pytest.fixture(autouse=True)
def files(here: Path) -> None:
    text = "".join(f"{label}\t{text}\n" for label, text in ROWS)
    (here / "rows.tsv").write_text(text)
    for name in ("en.train", "en.dev", "en.test", "fr.test"):
        (here / "own").mkdir(exist_ok=True)
        (here / "own" / f"{name}.tsv").write_text(text)


def trained(run: Run, *options: str, rows: str = "rows.tsv") -> str:
    code, out, err = run("classify", "train", rows, "--out", "c.classifier", *MODEL, *options)
    assert (code, out) == (0, ""), err
    return err


@pytest.mark.parametrize("kind", ["logistic", "mlp"])
def test_train_and_predict(run: Run, kind: str) -> None:
    err = trained(run, "--classifier", kind)
    assert "Trained on 26 texts, chosen with 6 held-out texts." in err
    assert "accuracy 100.0% (6 of 6)" in err
    assert ("Then trained on all 32 texts" in err) == (kind == "logistic")
    assert "Classifier of 2 labels: c.classifier" in err
    code, out, err = run(
        "classify", "predict", "c.classifier", standard_input="aaee\n\nbbcc\tx\nooii\n"
    )
    assert code == 0
    assert "classifying: 4 lines in" in err
    rows = [line.split("\t", 2) for line in out.splitlines()]
    assert [row[0] for row in rows] == ["vowels", "", "consonants", "vowels"]
    assert [row[2] for row in rows] == ["aaee", "", "bbcc x", "ooii"]
    assert all(0.5 <= float(row[1]) <= 1 for row in rows if row[1])


def test_json_a_column_and_a_file(run: Run, here: Path) -> None:
    trained(run)
    (here / "texts.tsv").write_text("1\taaee\n2\tbbcc\n3\t\n")
    arguments = ("classify", "predict", "c.classifier", "texts.tsv", "--column", "2", "--json")
    code, out, _ = run(*arguments)
    assert code == 0
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["label"] for record in records] == ["vowels", "consonants", None]
    assert [record["text"] for record in records] == ["aaee", "bbcc", ""]
    assert records[2]["probability"] is None
    assert run(*arguments, "--out", "out.jsonl")[1] == ""
    assert (here / "out.jsonl").read_text() == out


def test_a_column_of_records(run: Run, here: Path) -> None:
    trained(run)
    (here / "texts.jsonl").write_text('{"said": "aaee"}\n{"said": "bbcc"}\n{"said": null}\n')
    code, out, _ = run("classify", "predict", "c.classifier", "texts.jsonl", "--column", "said")
    assert code == 0
    assert [line.split("\t")[0] for line in out.splitlines()] == ["vowels", "consonants", ""]


def test_dev_columns_several_files_and_blank_texts(run: Run, here: Path) -> None:
    (here / "more.tsv").write_text("x\tvowels\taaaa\nx\tvowels\t \nx\tconsonants\tssss\n")
    (here / "odd.tsv").write_text("".join(f"x\t{label}\t{text}\n" for label, text in ROWS))
    code, _, err = run(
        *("classify", "train", "odd.tsv", "more.tsv", "--dev", "more.tsv", "--columns", "2,3"),
        *("--out", "c.classifier", *MODEL),
    )
    assert code == 0
    assert "more.tsv: left out 1 blank texts" in err
    assert "Trained on 34 texts, chosen with 2 texts of --dev." in err
    assert "Then trained" not in err


def test_too_few_to_hold_some_out(run: Run, here: Path) -> None:
    (here / "few.tsv").write_text("vowels\taeio\nconsonants\tbcdf\n")
    err = trained(run, rows="few.tsv")
    assert "Trained on 2 texts, too few to hold some out" in err


def test_labelled_text_from_standard_input(run: Run, here: Path) -> None:
    text = (here / "rows.tsv").read_text()
    code, _, err = run(
        "classify", "train", "-", "--out", "c.classifier", *MODEL, standard_input=text
    )
    assert code == 0
    assert "held-out" in err


def test_evaluate_prints_a_table_and_draws(run: Run, here: Path) -> None:
    code, out, err = run(
        *("classify", "evaluate", "own", "--classifier", "logistic", "--plot", "map.png", *MODEL)
    )
    assert code == 0, err
    assert "own, logistic regression: 100.0 % accuracy in other languages" in out
    assert "100.0 (100.0-100.0)" in out
    assert (here / "map.png").read_bytes().startswith(b"\x89PNG")


def test_evaluate_as_json(run: Run) -> None:
    code, out, _ = run(
        *("classify", "evaluate", "own", "--seeds", "2", "--languages", "fr"),
        *("--train-languages", "en", "--json", *MODEL),
    )
    assert code == 0
    record = json.loads(out)
    assert record["model"] == "letter_encoder:letters"
    assert record["classifier"] == "mlp"
    assert record["seeds"] == [0, 1]
    assert [*record["scores"]] == ["en-en", "en-fr"]
    assert len(record["scores"]["en-fr"]["seeds_right"]) == len(ROWS)


def test_predict_knows_its_encoder(run: Run, here: Path) -> None:
    trained(run)
    source = (here / "letter_encoder.py").read_text()
    (here / "reversed_encoder.py").write_text(
        source.replace("minlength=256)", "minlength=256)[::-1]")
    )
    code, out, err = run(
        *("classify", "predict", "c.classifier", "-m", "reversed_encoder:letters"),
        standard_input="a\n",
    )
    assert (code, out) == (2, "")
    assert "c.classifier: was made with the model letter_encoder:letters" in err
    assert "reversed_encoder:letters gives other vectors" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "none.tsv", "--out", "c"], "none.tsv: "),
        (["train", "rows.tsv", "--out", "c", "--seed", "-1"], "Invalid value for '--seed'"),
        (["train", "one.tsv", "--out", "c"], "have only the label 'a'"),
        (["train", "bad.tsv", "--out", "c"], "bad.tsv, line 2: has 1 column"),
        (["train", "rows.tsv", "--out", "no/c"], "no/c: "),
        (["train", "rows.tsv", "--out", "rows.tsv"], "rows.tsv: "),
        (["train", "rows.tsv", "--out", "c", "--classifier", "svm"], "--classifier svm"),
        (["train", "rows.tsv", "--out", "c", "--columns", "1"], "--columns 1"),
        (["train", "rows.tsv", "--out", "c", "--dev", "one.tsv"], "has the label 'a'"),
        (["train", "-", "--out", "c", "--dev", "-"], "standard input: "),
        (["predict", "rows.tsv"], "rows.tsv: "),
        (["predict", "none"], "none: "),
        (["evaluate", "none"], "none: "),
        (["evaluate", "own", "--languages", "en,,fr"], "en,,fr"),
        (["evaluate", "own", "--languages", "de"], "has no documents in de, it has en, fr"),
        (["evaluate", "own", "--train-languages", "fr"], "no training documents in fr"),
        (["evaluate", "own", "--plot", "map.gif"], "map.gif: "),
    ],
)
def test_bad_input_is_one_sentence(
    run: Run, here: Path, arguments: list[str], message: str
) -> None:
    (here / "one.tsv").write_text("a\tone\na\ttwo\n")
    (here / "bad.tsv").write_text("a\tone\nb\n")
    code, out, err = run("classify", *arguments, *MODEL)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not (here / "c").exists()


def test_evaluate_mldoc_by_the_names_of_its_files(run: Run, here: Path) -> None:
    topics = dict(zip(WORDS, ("CCAT", "GCAT"), strict=True))
    (here / "news").mkdir()
    for name in ("english.train.1000", "english.dev", "english.test", "german.test"):
        lines = [f"{topics[label]}\t{f'{text}. {text}é.'.encode()}\n" for label, text in ROWS]
        (here / "news" / name).write_text("".join(lines))
    code, out, err = run(
        *("classify", "evaluate", "news", "--train-languages", "english", "--languages", "german"),
        *("--classifier", "logistic", "--whole", "--json", *MODEL),
    )
    assert code == 0, err
    record = json.loads(out)
    assert (record["name"], record["labels"]) == ("MLDoc", ["CCAT", "GCAT"])
    assert record["scores"]["en-de"]["accuracy"]["value"] == 1.0
    code, _, err = run("classify", "evaluate", "news", "--train-size", "2000", *MODEL)
    assert code == 2
    assert "no training documents, such as english.train.2000" in err
