"""``babelite classify train``, ``predict`` and ``evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    ColumnOption,
    JsonOption,
    ModelOption,
    OutOption,
    PlotOption,
    SeedOption,
    parse_columns,
    unwrap,
)
from babelite.errors import BabeliteError, quantity

if TYPE_CHECKING:
    from babelite.classification import Prediction
    from babelite.corpus import LabelledText, Record

_PREDICTED = ("label", "probability", "text")

_HELP = """Classify text: train with labels in one language, classify in every language."""

_TRAIN_HELP = """Train a classifier on labelled texts.

LABELLED has one text a line: label, tab, text. Label some hundred texts in one language; the
classifier works in all languages of the encoder.

A fifth of the texts is held out, or --dev is used, to choose the regularisation or epoch. The
accuracy on these texts is printed for each label.

Example: babelite classify train reviews.en.tsv --out reviews.classifier
"""
_PREDICT_HELP = """Classify the lines of a file.

Prints label, probability and text of each line, separated by tabs. The ending of --out selects the
format of a file: .tsv, .csv, .jsonl or .parquet. Blank lines get no label. Memory does not depend
on the length of the file.

Example: babelite classify predict reviews.classifier reviews.fr.txt > classified.tsv
"""
_EVALUATE_HELP = """Measure zero-shot classification: train in one language, test in every language.

FOLDER contains labelled documents in several languages: SIB-200 (eng_Latn/train.tsv and so on),
MLDoc (english.train.1000, english.dev, english.test, made from your copy of Reuters), or custom
files (en.train.tsv, en.dev.tsv, en.test.tsv, fr.test.tsv: label, tab, text).

The classifier is trained on documents of one language, selected with dev documents of that
language, and tested in all languages. Accuracy and macro-F1 are in percent, means over the seeds,
with 95 % intervals over the test documents; ± is the standard deviation over the seeds.

Example: babelite classify evaluate sib200 --languages eng_Latn,fra_Latn --train-languages eng_Latn
"""

_LABELLED = "Labels and texts: .tsv, .csv, .jsonl or .parquet (.gz, .xz, .zst), or '-' for TSV."
_DEV = "Texts to choose the regularisation or epoch with. Default: a fifth of LABELLED. Repeatable."
_KIND = "logistic (logistic regression) or mlp (LASER's MLP)."
_COLUMNS = (
    "Columns of label and text: numbers (from 1) or names in the first line. Default: label,text "
    "if there are such names, else 1,2."
)
_BY_SENTENCE = "Use the mean of the sentence vectors of a text; for longer texts."
_BY_SENTENCE_OR_WHOLE = (
    "Use the mean of the sentence vectors of a document, or encode it as one text. Default: by "
    "sentence for MLDoc, as in LASER, else whole."
)
_FILE = "Texts, one a line (.gz, .xz, .zst); .tsv; .csv; .jsonl; .parquet; or '-'."
_LANGUAGES = "Languages to test in, and to train in without --train-languages. Default: all."
_TRAIN_LANGUAGES = (
    "Languages to train in, and also to test in. Default: those of --languages with training "
    "documents."
)
_TRAIN_SIZE = "MLDoc: number of training documents in the file name."

_Labelled = Annotated[list[str], typer.Argument(metavar="LABELLED...", help=_LABELLED)]
_Out = Annotated[Path, typer.Option(metavar="CLASSIFIER", help="Output file of the classifier.")]
_Dev = Annotated[list[str] | None, typer.Option(metavar="LABELLED", help=_DEV)]
_Kind = Annotated[str, typer.Option(help=_KIND)]
_Columns = Annotated[str | None, typer.Option(metavar="A,B", help=_COLUMNS)]
_BySentence = Annotated[bool, typer.Option("--by-sentence", help=_BY_SENTENCE)]
_BySentenceOrWhole = Annotated[
    bool | None, typer.Option("--by-sentence/--whole", help=_BY_SENTENCE_OR_WHOLE)
]
_Classifier = Annotated[
    Path, typer.Argument(metavar="CLASSIFIER", help="A file written by babelite classify train.")
]
_File = Annotated[str, typer.Argument(metavar="FILE", help=_FILE)]
_Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="Labelled documents in several languages.")
]
_Languages = Annotated[str | None, typer.Option(metavar="A,B,...", help=_LANGUAGES)]
_TrainLanguages = Annotated[str | None, typer.Option(metavar="A,B,...", help=_TRAIN_LANGUAGES)]
_Seeds = Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Number of MLPs to train.")]
_TrainSize = Annotated[int, typer.Option(help=_TRAIN_SIZE)]
_Dark = Annotated[bool, typer.Option("--dark", help="Draw the figure on a dark background.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=_HELP, no_args_is_help=True)
    group.command("train", help=unwrap(_TRAIN_HELP), no_args_is_help=True)(_train)
    group.command("predict", help=unwrap(_PREDICT_HELP), no_args_is_help=True)(_predict)
    group.command("evaluate", help=unwrap(_EVALUATE_HELP), no_args_is_help=True)(_evaluate)
    app.add_typer(group, name="classify")


def _train(
    labelled: _Labelled,
    out: _Out,
    dev: _Dev = None,
    classifier: _Kind = "logistic",
    columns: _Columns = None,
    by_sentence: _BySentence = False,
    seed: SeedOption = 0,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import CLASSIFIER_KINDS, TextClassifier
    from babelite.cli.classify_display import show_labels
    from babelite.cli.shared.preflight import choice, require_writable
    from babelite.cli.shared.text_check import TextCheck
    from babelite.encoding import open_encoder
    from babelite.progress import ProgressDisplay

    kind = choice("--classifier", classifier, CLASSIFIER_KINDS)
    require_writable(str(out), inputs=[*labelled, *(dev or ())])
    rows, examples, dev_rows = _read_examples(labelled, dev or (), columns, seed)
    encoder = open_encoder(model, allow_download=allow_download)
    check = TextCheck(encoder)
    check.add([row.text for row in rows], ", ".join(labelled))
    step = f"training, {'epochs' if kind == 'mlp' else 'regularisation strengths'}"
    with ProgressDisplay() as progress:
        progress(step, 0, 1)
        trained = TextClassifier.train(
            encoder,
            examples,
            dev=dev_rows,
            classifier=kind,
            seed=seed,
            by_sentence=by_sentence,
            spec=model,
            progress=lambda done, total: progress(step, done, total),
        )
    check.warn()
    if not dev_rows:
        used = "too few to hold some out, so the accuracy is unknown"
    else:
        used = f"chosen with {len(dev_rows):,} {'texts of --dev' if dev else 'held-out texts'}"
    typer.echo(f"Trained on {quantity(len(examples), 'text')}, {used}.", err=True)
    if dev_rows:
        predicted = [found.label for found in trained.predict([row.text for row in dev_rows])]
        show_labels([row.label for row in dev_rows], predicted)
    if not dev and dev_rows and kind == "logistic":
        trained = trained.refitted(rows)
        typer.echo(f"Then trained on all {quantity(len(rows), 'text')}.", err=True)
    trained.save(out)
    typer.echo(f"Classifier of {quantity(len(trained.classes_), 'label')}: {out}", err=True)


def _read_examples(
    labelled: Sequence[str], dev: Sequence[str], columns: str | None, seed: int
) -> tuple[list[LabelledText], Sequence[LabelledText], Sequence[LabelledText]]:
    """All rows of LABELLED, those to train on, and the dev rows (held out without --dev)."""
    from babelite.corpus import hold_out_texts

    if [*labelled, *dev].count("-") > 1:
        raise BabeliteError(
            "can be read only once", code="option-conflict", path="-", hint="save it to a file"
        )
    rows = _read_labelled(labelled, columns)
    if dev:
        return rows, rows, _read_labelled(dev, columns)
    return rows, *hold_out_texts(rows, seed=seed)


def _read_labelled(paths: Sequence[str], columns: str | None) -> list[LabelledText]:
    """Labelled texts without blank ones, which are reported."""
    from babelite.corpus import read_labelled

    kept = []
    for path in paths:
        rows = list(read_labelled(path, parse_columns(columns)))
        texts = [row for row in rows if row.text]
        if len(texts) < len(rows):
            name = "standard input" if path == "-" else path
            typer.echo(f"{name}: left out {len(rows) - len(texts):,} blank texts", err=True)
        kept += texts
    return kept


def _predict(
    classifier: _Classifier,
    file: _File = "-",
    out: OutOption = "-",
    column: ColumnOption = None,
    json_: JsonOption = False,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import TextClassifier
    from babelite.cli.shared.preflight import require_writable
    from babelite.cli.shared.text_check import TextCheck
    from babelite.corpus import TABLE_FORMATS, output_format, write_records
    from babelite.encoding import open_encoder
    from babelite.progress import ProgressDisplay
    from babelite.storage import writing_text

    format_ = output_format(out, TABLE_FORMATS)
    require_writable(out, inputs=[str(classifier), file])
    encoder = open_encoder(model, allow_download=allow_download) if model else None
    trained = TextClassifier.load(classifier, encoder, allow_download=allow_download)
    check = TextCheck(trained.encoder)
    found = trained.stream(check.watch(_read_texts(file, column), file))
    with ProgressDisplay("lines", live=out != "-") as progress:
        rows = progress.count("classifying", found)
        if json_ and format_ == "tsv":
            with writing_text(out) as stream:
                stream.writelines(_json_line(text, prediction) for text, prediction in rows)
        else:
            records = (_record(text, prediction) for text, prediction in rows)
            write_records(out, records, (), _PREDICTED, header=False)
    check.warn()


def _read_texts(file: str, column: str | None) -> Iterator[str]:
    from babelite.corpus import SentenceSource

    empty = True
    for text in SentenceSource(file, column=column).read():
        empty = False
        yield text
    if empty:
        raise BabeliteError(
            "is empty", code="input-empty", path=file, hint="give a file with one text a line"
        )


def _record(text: str, found: Prediction) -> Record:
    from babelite.corpus import Record

    return Record((), dict(zip(_PREDICTED, (found.label, found.probability, text), strict=True)))


def _json_line(text: str, found: Prediction) -> str:
    probability = None if found.probability is None else round(found.probability, 4)
    record = {"label": found.label, "probability": probability, "text": text}
    return json.dumps(record, ensure_ascii=False) + "\n"


def _evaluate(
    folder: _Folder,
    languages: _Languages = None,
    train_languages: _TrainLanguages = None,
    classifier: _Kind = "mlp",
    seeds: _Seeds = 5,
    train_size: _TrainSize = 1000,
    columns: _Columns = None,
    by_sentence: _BySentenceOrWhole = None,
    json_: JsonOption = False,
    plot: PlotOption = None,
    dark: _Dark = False,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import CLASSIFIER_KINDS
    from babelite.cli.classify_display import show_transfer
    from babelite.cli.shared.preflight import choice
    from babelite.cli.shared.tables import print_json, save_plot
    from babelite.encoding import fingerprint_of, open_encoder
    from babelite.evaluation import (
        classification_figure,
        evaluate_classification,
        read_labelled_set,
    )
    from babelite.plots import DARK, LIGHT, picture_format
    from babelite.progress import ProgressDisplay

    kind, pair = choice("--classifier", classifier, CLASSIFIER_KINDS), parse_columns(columns)
    if plot:
        picture_format(plot)
    test, train = _parse_languages(languages), _parse_languages(train_languages)
    read = None if test is None else [*(train or ()), *test]
    documents = read_labelled_set(folder, read, train_size=train_size, columns=pair)
    encoder = open_encoder(model, allow_download=allow_download)
    with ProgressDisplay() as progress:
        result = evaluate_classification(
            encoder,
            documents.corpora,
            train_languages=documents.codes(train),
            classifier=kind,
            seeds=range(seeds),
            name=documents.name,
            by_sentence=documents.by_sentence if by_sentence is None else by_sentence,
            parallel=documents.parallel,
            progress=progress,
        )
    if json_:
        print_json({"model": model or fingerprint_of(encoder).name, **result.as_dict()})
    else:
        show_transfer(result)
    if plot:
        save_plot(classification_figure([result], DARK if dark else LIGHT), plot)


def _parse_languages(text: str | None) -> list[str] | None:
    languages = None if text is None else [code.strip() for code in text.split(",")]
    if languages and not all(languages):
        raise BabeliteError(
            f"{text!r} does not name languages", code="option-invalid", hint="write en,fr"
        )
    return languages
