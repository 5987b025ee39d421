"""``babelite classify train``, ``predict`` and ``evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import (
    AllowDownload,
    FieldOption,
    ModelOption,
    flowing,
    parse_columns,
)
from babelite.errors import BabeliteError

if TYPE_CHECKING:
    from babelite.classification import Prediction, TextClassifier
    from babelite.corpus import LabelledText

_HELP = """Sort texts into labels of your own: label some in one language, classify the others."""

_TRAIN_HELP = """Train a classifier on labelled texts.

LABELLED holds one text a line: its label, a tab, the text. Label some hundred in one language; the
classifier works in all languages of the encoder.

A fifth of the texts, or those of --dev, are not trained on: the classifier is chosen by them, and
how often it is right about them is printed.

Example: babelite classify train reviews.en.tsv --out reviews.classifier
"""
_PREDICT_HELP = """Classify the lines of a file.

Prints label, probability and text of each line, with tabs between them. Blank lines get no label.
Memory does not grow with the file.

Example: babelite classify predict reviews.classifier reviews.fr.txt > classified.tsv
"""
_EVALUATE_HELP = """Measure how well classification carries over from language to language.

FOLDER holds labelled documents in several languages: SIB-200 (eng_Latn/train.tsv and so on), MLDoc
(english.train.1000, english.dev, english.test, made from your copy of Reuters), or files of your
own (en.train.tsv, en.dev.tsv, en.test.tsv, fr.test.tsv: label, tab, text).

Trained on the documents of one language, chosen by that language's dev documents, tested in all.
Accuracy and macro-F1 are in percent, means over the seeds, with 95 % intervals over the test
documents; ± is the standard deviation over the seeds.

Example: babelite classify evaluate sib200 --languages eng_Latn,fra_Latn --train-languages eng_Latn
"""
_BLOCK = 4096

ClassifierOption = Annotated[
    str, typer.Option("--classifier", help="logistic (regression), or mlp: LASER's perceptron.")
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="The columns of label and text, by number from 1, or by name if the first line holds "
        "names. 'label' and 'text' if there are such names, else 1,2."
    ),
]
BySentence = Annotated[
    bool,
    typer.Option(
        "--by-sentence",
        help="Encode each sentence of a text and take the mean: for texts of more than a few "
        "sentences.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(help=_HELP, no_args_is_help=True)
    group.command("train", help=flowing(_TRAIN_HELP), no_args_is_help=True)(_train)
    group.command("predict", help=flowing(_PREDICT_HELP), no_args_is_help=True)(_predict)
    group.command("evaluate", help=flowing(_EVALUATE_HELP), no_args_is_help=True)(_evaluate)
    app.add_typer(group, name="classify")


# --- train ----------------------------------------------------------------------------------------


def _train(
    labelled: Annotated[
        list[str],
        typer.Argument(
            metavar="LABELLED...",
            help="TSV of labels and texts; .gz, .xz and .zst are unpacked; '-' reads standard "
            "input.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="CLASSIFIER", help="The file to write.")],
    dev: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABELLED",
            help="Labelled texts to choose the classifier by. A fifth of the others if not given.",
        ),
    ] = None,
    classifier: ClassifierOption = "logistic",
    columns: Columns = None,
    by_sentence: BySentence = False,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the texts held out, and of --classifier mlp.")
    ] = 0,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import CLASSIFIER_KINDS, TextClassifier
    from babelite.cli.classify_display import show_labels
    from babelite.cli.shared.preflight import choice, require_writable
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.corpus import hold_out_texts
    from babelite.encoding import open_encoder

    kind = choice("--classifier", classifier, CLASSIFIER_KINDS)
    require_writable(str(out), inputs=[*labelled, *(dev or ())])
    if [*labelled, *(dev or ())].count("-") > 1:
        raise BabeliteError("is named twice", path="-", hint="save one to a file")
    rows = _read(labelled, columns)
    chosen = _read(dev, columns) if dev else []
    examples = rows
    if not dev:
        examples, chosen = hold_out_texts(rows, seed=seed)
    encoder = open_encoder(model, allow_download=allow_download)
    step = "training, epochs" if kind == "mlp" else "training, strengths of regularisation"
    with ProgressDisplay() as tell:
        tell(step, 0, 1)
        made = TextClassifier.train(
            encoder,
            examples,
            chosen,
            classifier=kind,
            seed=seed,
            by_sentence=by_sentence,
            spec=model,
            progress=lambda done, total: tell(step, done, total),
        )
    _say_how(len(examples), len(chosen), held_out=not dev)
    if chosen:
        answers = [found.label for found in made.predict([row.text for row in chosen])]
        show_labels([row.label for row in chosen], answers)
    if not dev and chosen and kind == "logistic":
        made = made.refitted(rows)
        typer.echo(f"Then trained on all {len(rows):,} texts.", err=True)
    made.save(out)
    typer.echo(f"Classifier of {len(made.classes)} labels: {out}", err=True)


def _read(paths: Sequence[str], columns: str | None) -> list[LabelledText]:
    """Labelled texts without those that are blank: nothing can be learnt from them."""
    from babelite.corpus import read_labelled

    kept = []
    for path in paths:
        rows = list(read_labelled(path, parse_columns(columns)))
        written = [row for row in rows if row.text]
        if len(written) < len(rows):
            name = "standard input" if path == "-" else path
            typer.echo(f"{name}: left out {len(rows) - len(written):,} blank texts", err=True)
        kept += written
    return kept


def _say_how(examples: int, chosen: int, *, held_out: bool) -> None:
    if not chosen:
        said = "too few to hold some out, so nothing is known of how good the classifier is"
    elif held_out:
        said = f"chosen by {chosen:,} that were held out"
    else:
        said = f"chosen by the {chosen:,} of --dev"
    typer.echo(f"Trained on {examples:,} texts, {said}.", err=True)


# --- predict --------------------------------------------------------------------------------------


def _predict(
    classifier: Annotated[
        Path, typer.Argument(metavar="CLASSIFIER", help="What `babelite classify train` wrote.")
    ],
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Texts, one a line; or .jsonl or .parquet with one a record. .gz, .xz and .zst "
            "are unpacked; '-' reads standard input.",
        ),
    ] = "-",
    out: Annotated[str, typer.Option(help="Where the lines go; '-' for the screen.")] = "-",
    column: Annotated[
        int | None,
        typer.Option(min=1, help="Take this tab-separated column, from 1, not whole lines."),
    ] = None,
    field: FieldOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import TextClassifier
    from babelite.cli.search import read_sentences
    from babelite.cli.shared.preflight import require_writable
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.encoding import open_encoder
    from babelite.storage import writing_text

    require_writable(out, inputs=[str(classifier), file])
    encoder = open_encoder(model, allow_download=allow_download) if model else None
    made = TextClassifier.load(classifier, encoder, allow_download=allow_download)
    texts = (line.text for line in read_sentences(file, column, field))
    write = _as_json if as_json else _as_row
    with writing_text(out) as stream, ProgressDisplay("lines", live=out != "-") as show:
        for block in show.count_rows("classifying", _blocks(made, texts)):
            stream.write("".join(write(text, found) for text, found in block))
            stream.flush()


def _blocks(made: TextClassifier, texts: Iterable[str]) -> Iterator[list[tuple[str, Prediction]]]:
    block = []
    for pair in made.stream(texts, _BLOCK):
        block.append(pair)
        if len(block) == _BLOCK:
            yield block
            block = []
    if block:
        yield block


def _as_row(text: str, found: Prediction) -> str:
    line = text.replace("\r", " ").replace("\n", " ")  # records may hold line breaks
    if found.probability is None:
        return f"\t\t{line}\n"
    return f"{found.label}\t{found.probability:.4f}\t{line}\n"


def _as_json(text: str, found: Prediction) -> str:
    share = None if found.probability is None else round(found.probability, 4)
    record = {"label": found.label, "probability": share, "text": text}
    return json.dumps(record, ensure_ascii=False) + "\n"


# --- evaluate -------------------------------------------------------------------------------------


def _evaluate(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Labelled documents in several languages.")
    ],
    languages: Annotated[
        str | None,
        typer.Option(
            help="Languages to test in, with commas between; all if not given. They are also "
            "those to train in, unless --train-languages names others."
        ),
    ] = None,
    train_languages: Annotated[
        str | None,
        typer.Option(
            help="Languages to train in, which are tested in too; those of --languages that have "
            "training documents if not given."
        ),
    ] = None,
    classifier: ClassifierOption = "mlp",
    seeds: Annotated[
        int, typer.Option(min=1, help="How many times to train LASER's perceptron.")
    ] = 5,
    train_size: Annotated[int, typer.Option(help="Which of MLDoc's training files.")] = 1000,
    columns: Columns = None,
    by_sentence: Annotated[
        bool | None,
        typer.Option(
            "--by-sentence/--whole",
            help="Take the mean of a document's sentences, or encode it whole. By sentence for "
            "MLDoc, as LASER does, else whole.",
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print JSON instead of a table; shares are 0 to 1."),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Also draw a heat map (.png, .svg, .pdf)."),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Draw it on dark paper.")] = False,
    model: ModelOption = None,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.classification import CLASSIFIER_KINDS
    from babelite.cli.classify_display import show_transfer
    from babelite.cli.shared.preflight import choice
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.encoding import open_encoder
    from babelite.evaluation import evaluate_classification, read_labelled_set
    from babelite.plots import picture_format

    kind = choice("--classifier", classifier, CLASSIFIER_KINDS)
    if plot:
        picture_format(plot)
    wanted, trained = _codes(languages), _codes(train_languages)
    read = None if wanted is None else [*dict.fromkeys([*(trained or ()), *wanted])]
    documents = read_labelled_set(
        folder, read, train_size=train_size, columns=parse_columns(columns)
    )
    encoder = open_encoder(model, allow_download=allow_download)
    with ProgressDisplay() as tell:
        result = evaluate_classification(
            encoder,
            documents.corpora,
            train_languages=documents.codes(trained),
            classifier=kind,
            seeds=range(seeds),
            name=documents.name,
            by_sentence=documents.by_sentence if by_sentence is None else by_sentence,
            parallel=documents.parallel,
            progress=tell,
        )
    if as_json:
        record = {"model": model or "default", **result.as_dict()}
        typer.echo(json.dumps(record, ensure_ascii=False, indent=2))
    else:
        show_transfer(result)
    if plot:
        from babelite.evaluation import classification_figure
        from babelite.plots import DARK, LIGHT, save_figure

        save_figure(classification_figure([result], DARK if dark else LIGHT), plot)
        typer.echo(f"Picture: {plot}", err=True)


def _codes(text: str | None) -> list[str] | None:
    if text is None:
        return None
    codes = [code.strip() for code in text.split(",")]
    if not all(codes):
        raise BabeliteError(
            f"{text!r} does not name languages", hint="write them with commas between: en,fr"
        )
    return codes
