"""``babelite compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from babelite.cli.shared.options import AllowDownload, flowing

if TYPE_CHECKING:
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.comparison import Cell, CellFiles, Estimate, Grid, Outcome

_HELP = """Compare ways to train, and encoders as they come, by the same tasks.

CONFIG is a TOML file: text, budget, systems, encoders, seeds and tasks. Every system is trained
with every seed on the same pairs, each in a run of its own, and every model is measured by every
task. The result is results.json, tables.md and report.html in the folder --out.

Stop it, or let it be killed: the same command goes on where it was. What is finished is never done
again, so systems, seeds and tasks may be added to the file later. A model that fails is reported
and stops nothing.

Example: babelite compare ten-minutes.toml --data text --out comparison
"""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("compare", help=flowing(_HELP), no_args_is_help=True)(_compare)


def _compare(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The TOML file.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for models and results; the name of CONFIG if not given."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the file names in CONFIG start from; the folder of CONFIG if not given.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show the cells and the time they will take; do nothing."),
    ] = False,
    report_only: Annotated[
        bool,
        typer.Option("--report-only", help="Write tables and report of what is finished so far."),
    ] = False,
    allow_download: AllowDownload = False,
) -> None:
    from babelite.cli.shared.progress import ProgressDisplay
    from babelite.comparison import (
        CellFiles,
        make_grid,
        open_grid,
        outcome,
        read_config,
        run_cells,
        write_outputs,
    )
    from babelite.errors import BabeliteError

    if data is not None and not data.is_dir():
        raise BabeliteError("there is no such folder", path=data, hint="check --data")
    grid = make_grid(read_config(config), config, out or Path(config.stem), data)
    for task in grid.exclusions.late:
        typer.echo(
            f"The task {task!r} came after the models: its sentences were not kept out of their "
            "training text, and the report says so. With a new folder (--out) they would be.",
            err=True,
        )
    if dry_run:
        _show_plan(grid)
        return
    grid = open_grid(grid)
    if report_only:
        for cell in grid.cells:
            CellFiles(grid, cell).holds_the_same()  # or there is no report of what is asked for
        ended = outcome(grid)
    else:
        with ProgressDisplay() as show:
            try:
                ended = run_cells(grid, _Display(grid, show), allow_download=allow_download)
            except KeyboardInterrupt:
                typer.echo(
                    "Stopped, and all is saved: give the same command again to go on, or add "
                    "--report-only for a report of what is finished.",
                    err=True,
                )
                raise typer.Exit(130) from None
    written = write_outputs(grid)
    _show_end(grid, ended)
    typer.echo(f"Written: {', '.join(str(path) for path in written)}", err=True)
    if ended.failed:
        raise typer.Exit(1)


def _show_plan(grid: Grid) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from babelite.comparison import CellFiles, duration, estimate

    files = [CellFiles(grid, cell) for cell in grid.cells]
    expected = estimate(files)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("system", "text", "seed", "training", "state"):
        table.add_column(heading)
    table.add_column("about", justify="right")
    for one, seconds in zip(files, expected.cells, strict=True):
        cell = one.cell
        table.add_row(
            cell.system,
            cell.languages or "as it comes",
            "" if cell.seed is None else str(cell.seed),
            _budget(one),
            one.state()[0],
            "unknown" if seconds is None else duration(seconds) if seconds else "",
        )
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    console.print(table)
    console.print(_summary(grid, expected))


def _budget(one: CellFiles) -> str:
    config = one.cell.config
    if config is None:
        return ""
    if config.minutes is not None:
        return f"{config.minutes:g} min of {config.objective if config.layers else 'a bag'}"
    wanted = one.pairs_wanted()
    if wanted is None:
        parts = [(config.bag_epochs, "passes as a bag")]
        parts += [(config.epochs, f"passes of {config.objective}")] if config.layers else []
    else:
        parts = [(wanted[0], "pairs as a bag"), (wanted[1], f"pairs of {config.objective}")]
    return ", then ".join(f"{_short(amount)} {of}" for amount, of in parts if amount)


def _short(amount: float) -> str:
    return f"{amount:,}" if isinstance(amount, int) else f"{amount:.3g}"


def _summary(grid: Grid, expected: Estimate) -> str:
    from babelite.comparison import duration

    left = sum(1 for seconds in expected.cells if seconds != 0)
    unknown = expected.cells.count(None)
    tasks = "one task" if len(grid.config.tasks) == 1 else f"{len(grid.config.tasks)} tasks"
    basis = (
        "from the models that are finished"
        if expected.measured
        else "guessed from the speed of this machine, as busy as it is now"
    )
    return (
        f"{left} of {len(grid.cells)} models are left, measured by {tasks}: "
        f"about {duration(expected.total)}, {basis}."
        + (f" {unknown} can be told when the text is prepared." if unknown else "")
    )


def _show_end(grid: Grid, ended: Outcome) -> None:
    for word, cells in (("skipped", ended.skipped), ("failed", ended.failed)):
        for title, error in cells:
            typer.echo(f"{word}: {title}: {error}", err=True)
    typer.echo(f"{ended.finished} of {len(grid.cells)} models are finished.", err=True)
    if ended.failed:
        typer.echo("Mend what failed and give the same command again.", err=True)


class _Display:
    """Progress over all cells; a `babelite.comparison.Watcher`."""

    def __init__(self, grid: Grid, show: ProgressDisplay) -> None:
        from babelite.comparison import CellFiles

        self._show, self._step = show, ""
        self._files = [CellFiles(grid, cell) for cell in grid.cells]
        self._ended = sum(one.is_finished() for one in self._files)
        if self._ended:
            show.say(f"{self._ended} of {len(self._files)} models are finished already")

    def began(self, cell: Cell, step: str) -> None:
        """See `babelite.comparison.Watcher`."""
        doing = {"text": "preparing the text of", "train": "training", "evaluate": "evaluating"}
        self._step = f"[{self._ended + 1}/{len(self._files)}] {doing[step]} {cell.title}"
        self._show.say(self._step)
        self._show(self._step, 0.0, 1.0, "")

    def working(self, share: float | None, detail: str) -> None:
        """See `babelite.comparison.Watcher`."""
        done = f"{100 * share:.0f} %, " if share else ""
        self._show(self._step, share or 0.0, 1.0, f"{done}{detail}")

    def ended(self, cell: Cell, state: str, error: str, seconds: float) -> None:
        """See `babelite.comparison.Watcher`."""
        from babelite.comparison import duration, estimate

        self._ended += 1
        left = estimate(self._files).total
        after = f", about {duration(left)} left" if left else ""
        text = f"{cell.title}: {state} in {duration(seconds)}{after}"
        self._show.say(f"{text}: {error}" if error else text)
