"""Make the model that the package carries, from parallel text to the finished folder.

    python recipes/default_model/build.py DATA --work WORK

DATA holds en-fr.tsv.gz, en-de.tsv.gz, en-es.tsv.gz and en-it.tsv.gz: English, translation and
source name. Everything in between is kept in WORK: stopped, by Ctrl-C or by force, the same
command goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from texts import write_texts

from babelite.training.config import make_config
from babelite.training.progress import Progress
from babelite.training.run import train

HERE = Path(__file__).parent


def main() -> None:
    """Read the command line and run what has not been run yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="folder of en-XX.tsv.gz")
    parser.add_argument("--work", type=Path, required=True, help="folder of the run")
    options = parser.parse_args()
    progress = Progress()
    sources = write_texts(options.data, options.work / "text", progress.say)
    train(
        sources, options.work / "model", make_config(file=HERE / "config.toml"), progress=progress
    )


if __name__ == "__main__":
    main()
