"""Train the packaged model: from parallel text to the finished model folder.

    pip install -r recipes/default_model/requirements.txt
    python recipes/default_model/build.py DATA DEV --work WORK

DATA contains en-fr.tsv.gz, more.en-fr.tsv.gz, words.en-fr.tsv.gz, the same for de, es and it, and
more.XX-YY.tsv.gz of the pairs of these four languages. The columns are: sentence, translation,
source name. DEV contains the evaluation sets: files of pairs, and the folders sib200 and stsb. WORK
contains intermediate results: to resume a stopped run, run the same command again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from disturbed import UNDISTURBED, write_disturbed
from install import install
from teachers import UNDISTURBED_FILE
from texts import write_texts

from babelite.encoding import DEFAULT_MODEL
from babelite.errors import BabeliteError
from babelite.training import TrainingProgress, make_config, train

HERE = Path(__file__).parent


def main() -> None:
    """Run the steps that are not finished."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data", type=Path, help="folder of en-XX.tsv.gz")
    parser.add_argument("dev", type=Path, help="folder of the evaluation sets")
    parser.add_argument("--work", type=Path, required=True, help="folder of the run")
    parser.add_argument("--seed", type=int, help="seed, instead of that of the recipe")
    options = parser.parse_args()
    progress = TrainingProgress()
    seed = {"seed": options.seed}
    clean, model = options.work / "clean", options.work / "model"
    sources = write_texts(options.data, options.work / "text", progress.say)
    train(sources, clean, make_config(file=HERE / "config.toml", options=seed), progress=progress)
    sources = write_disturbed(sources, options.work / "disturbed")
    os.environ[UNDISTURBED_FILE] = str(options.work / "disturbed" / UNDISTURBED)
    config = make_config(file=HERE / "disturbed.toml", options=seed | {"start": str(clean)})
    train(sources, model, config, progress=progress)
    progress.say("Evaluating and installing")
    install([clean, model], options.data, options.dev)
    progress.say(f"The model is in {DEFAULT_MODEL}")


if __name__ == "__main__":
    try:
        main()
    except BabeliteError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("Stopped and saved; run the same command again to resume.", file=sys.stderr)
        sys.exit(130)
