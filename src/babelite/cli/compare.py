"""``babelite compare``: options, plan, progress and summary of a comparison."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, unwrap
from babelite.errors import quantity

if TYPE_CHECKING:
    from babelite.comparison import CellFolder, ComparisonCell, ComparisonGrid, ComparisonOutcome
    from babelite.progress import ProgressDisplay

_HELP = """Compare training recipes and encoders on the same tasks.

CONFIG is a TOML file with training text, budget, systems, encoders, seeds and tasks. Every system
is trained with every seed on the same pairs, and every model is evaluated on every task. The
results are results.json, tables.md and report.html in the output folder.

To resume an interrupted comparison, run the same command again. Finished models are kept, and you
can add systems, seeds and tasks to CONFIG. If a model fails, the others continue.

Example: babelite compare ten-minutes.toml --data text --out comparison
"""
_OUT = (
    "Output folder for models and results, created if missing. Default: the name of CONFIG "
    "without .toml."
)
_DATA = "Folder that file names in CONFIG are relative to. Default: the folder of CONFIG."
_DRY_RUN = "Show models and estimated time; run nothing."
_REPORT_ONLY = "Write the report of finished models; train nothing."


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("compare", help=unwrap(_HELP), no_args_is_help=True)(_compare)


def _compare(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="TOML file of the comparison.")],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help=_OUT)] = None,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help=_DATA)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY_RUN)] = False,
    report_only: Annotated[bool, typer.Option("--report-only", help=_REPORT_ONLY)] = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.comparison import open_comparison, read_comparison, write_comparison_report

    grid = read_comparison(config, out or Path(config.stem), data)
    for task in grid.excluded.late_tasks:
        typer.echo(
            f"The task {task!r} was added after training: its sentences may be in the training "
            "text of the models. Choose a new folder with --out to exclude them.",
            err=True,
        )
    if dry_run:
        _show_plan(grid)
        return
    outcome = open_comparison(grid) if report_only else _run(grid, allow_download=allow_download)
    written = write_comparison_report(grid)
    _show_outcome(grid, outcome)
    typer.echo(f"Written: {', '.join(str(path) for path in written)}", err=True)
    if outcome.failed:
        raise typer.Exit(1)


def _run(grid: ComparisonGrid, *, allow_download: bool) -> ComparisonOutcome:
    from babelite.comparison import run_comparison
    from babelite.progress import ProgressDisplay

    with ProgressDisplay() as display:
        try:
            return run_comparison(grid, _Progress(grid, display), allow_download=allow_download)
        except KeyboardInterrupt:
            typer.echo(
                "Interrupted; finished work is saved. Run the same command again to resume, or "
                "with --report-only to write the report of finished models.",
                err=True,
            )
            raise typer.Exit(130) from None


def _show_plan(grid: ComparisonGrid) -> None:
    from babelite.cli.shared.tables import print_table, result_table
    from babelite.comparison import CellFolder, estimate_time, format_duration

    estimate = estimate_time(grid)
    texts = ("system", "languages", "seed", "training", "status")
    table = result_table(texts=texts, numbers=["estimated time"])
    for cell, seconds in zip(grid.cells, estimate.cells, strict=True):
        folder = CellFolder(grid, cell)
        table.add_row(
            cell.system,
            cell.languages or "existing encoder",
            "" if cell.seed is None else str(cell.seed),
            _budget(folder),
            folder.status()[0],
            "unknown" if seconds is None else format_duration(seconds) if seconds else "",
        )
    print_table(table)
    left = sum(seconds != 0 for seconds in estimate.cells)
    basis = "finished models" if estimate.measured else "the current speed of this machine"
    summary = (
        f"{left} of {len(grid.cells)} models to do, tasks: {len(grid.config.tasks)}. "
        f"Estimated time: {format_duration(estimate.total)}, from {basis}."
    )
    if None in estimate.cells:
        unknown = estimate.cells.count(None)
        summary += f" Models without an estimate until the text is prepared: {unknown}."
    typer.echo(summary)


def _budget(folder: CellFolder) -> str:
    """Such as ``6,000 pairs (bag), then 2,000 pairs (align)``."""
    config = folder.cell.config
    if config is None:
        return ""
    objective = config.objective if config.layers else "bag"
    if config.minutes is not None:
        return f"{config.minutes:g} min ({objective})"
    pairs = folder.expected_pairs()
    if pairs is None:
        epochs = (config.bag_epochs, config.epochs if config.layers else 0)
        amounts = [f"{amount:.3g} epochs" if amount else "" for amount in epochs]
    else:
        amounts = [quantity(amount, "pair") if amount else "" for amount in pairs]
    phases = zip(amounts, ("bag", objective), strict=True)
    return ", then ".join(f"{amount} ({phase})" for amount, phase in phases if amount)


def _show_outcome(grid: ComparisonGrid, outcome: ComparisonOutcome) -> None:
    for word, cells in (("skipped", outcome.skipped), ("failed", outcome.failed)):
        for title, error in cells:
            typer.echo(f"{word}: {title}: {error}", err=True)
    typer.echo(f"{outcome.finished} of {len(grid.cells)} models are finished.", err=True)
    if outcome.failed:
        typer.echo("Fix the errors and run the same command again.", err=True)


class _Progress:
    """Progress over all cells; a `babelite.comparison.ComparisonProgress`."""

    def __init__(self, grid: ComparisonGrid, display: ProgressDisplay) -> None:
        from babelite.comparison import CellFolder

        self._grid, self._display, self._step = grid, display, ""
        self._ended = {c.title for c in grid.cells if CellFolder(grid, c).is_finished()}
        if self._ended:
            display.say(f"{len(self._ended)} of {len(grid.cells)} models are already finished")

    def step_started(self, cell: ComparisonCell, step: str) -> None:
        verb = {"text": "preparing the text of", "train": "training", "evaluate": "evaluating"}
        self._step = f"[{len(self._ended) + 1}/{len(self._grid.cells)}] {verb[step]} {cell.title}"
        self._display.say(self._step)
        self._display(self._step, 0.0, 1.0, "")

    def step_progress(self, share: float | None, detail: str) -> None:
        done = f"{100 * share:.0f} %, " if share else ""
        self._display(self._step, share or 0.0, 1.0, f"{done}{detail}")

    def cell_ended(self, cell: ComparisonCell, status: str, error: str, seconds: float) -> None:
        from babelite.comparison import estimate_time, format_duration

        self._ended.add(cell.title)
        estimates = zip(self._grid.cells, estimate_time(self._grid).cells, strict=True)
        left = sum(s or 0.0 for other, s in estimates if other.title not in self._ended)
        after = f", about {format_duration(left)} left" if left else ""
        text = f"{cell.title}: {status} in {format_duration(seconds)}{after}"
        self._display.say(f"{text}: {error}" if error else text)
