"""The model in the package is complete and small, finds translations, and encodes any text."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from babelite import Encoder
from babelite.encoding.model_folder import DEFAULT_MODEL, read_model_folder
from babelite.evaluation import precision_at_1

ROOT = Path(__file__).parents[2]

SENTENCES = {
    "en": [
        "Where is the nearest train station?",
        "My sister is learning to play the piano.",
        "The meeting has been moved to Thursday morning.",
        "It rained all night, so the garden is full of snails.",
        "Could you bring me a glass of water, please?",
        "The file could not be opened because it is damaged.",
    ],
    "fr": [
        "Où se trouve la gare la plus proche ?",
        "Ma sœur apprend à jouer du piano.",
        "La réunion a été déplacée à jeudi matin.",
        "Il a plu toute la nuit, alors le jardin est plein d'escargots.",
        "Pourriez-vous m'apporter un verre d'eau, s'il vous plaît ?",
        "Le fichier n'a pas pu être ouvert car il est endommagé.",
    ],
    "de": [
        "Wo ist der nächste Bahnhof?",
        "Meine Schwester lernt Klavier spielen.",
        "Die Besprechung wurde auf Donnerstagmorgen verschoben.",
        "Es hat die ganze Nacht geregnet, deshalb ist der Garten voller Schnecken.",
        "Könnten Sie mir bitte ein Glas Wasser bringen?",
        "Die Datei konnte nicht geöffnet werden, weil sie beschädigt ist.",
    ],
    "es": [
        "¿Dónde está la estación de tren más cercana?",
        "Mi hermana está aprendiendo a tocar el piano.",
        "La reunión se ha trasladado al jueves por la mañana.",
        "Llovió toda la noche, así que el jardín está lleno de caracoles.",
        "¿Podría traerme un vaso de agua, por favor?",
        "No se pudo abrir el archivo porque está dañado.",
    ],
    "it": [
        "Dov'è la stazione più vicina?",
        "Mia sorella sta imparando a suonare il pianoforte.",
        "La riunione è stata spostata a giovedì mattina.",
        "Ha piovuto tutta la notte, quindi il giardino è pieno di lumache.",
        "Potrebbe portarmi un bicchiere d'acqua, per favore?",
        "Non è stato possibile aprire il file perché è danneggiato.",
    ],
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


def test_the_folder_is_complete_and_small() -> None:
    model = read_model_folder(DEFAULT_MODEL, verify="all")
    assert model.description.precision == "int8"
    assert set(model.description.languages) == set(SENTENCES)
    assert all(data.license for data in model.description.data)
    assert sum(path.stat().st_size for path in DEFAULT_MODEL.rglob("*")) <= 10_000_000


def test_translations_are_nearest_in_every_direction(encoder: Encoder) -> None:
    vectors = {code: encoder.encode(texts) for code, texts in SENTENCES.items()}
    for source, target in permutations(vectors, 2):
        found = precision_at_1(vectors[source], vectors[target])
        assert found.all(), (source, target, found)


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        str.title,
        lambda text: re.sub(r"[^\w\s]", "", text),
        lambda text: text.replace("'", "’").replace(" ", "  "),
        lambda text: f"{text} 🙂🙂",
        lambda text: f"  {text}\u00a0(12 kg)",
    ],
    ids=["capitals", "title", "no punctuation", "typographic", "emoji", "units"],
)
def test_informal_typing_finds_the_translation(encoder: Encoder, change: object) -> None:
    assert callable(change)
    english = encoder.encode(SENTENCES["en"])
    for code in ("fr", "de", "es", "it"):
        changed = encoder.encode([change(text) for text in SENTENCES[code]])
        assert precision_at_1(changed, english).all(), code


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\ufeff", "\u200e", "\u2060", "\u200d", "\0"])
def test_invisible_characters_do_not_move_a_vector(encoder: Encoder, mark: str) -> None:
    texts = [*SENTENCES["de"], *SENTENCES["fr"]]
    marked = [f"{mark}{text[:3]}{mark}{text[3:-4]}{mark}{text[-4:]}{mark}" for text in texts]
    np.testing.assert_array_equal(encoder.encode(marked), encoder.encode(texts))
    # The first words of a process are split by other code.
    np.testing.assert_array_equal(Encoder.load().encode(marked[:1])[0], encoder.encode(texts)[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "?",
        "1234567890",
        "Γειά",
        "\ud800",
        "x" * 9999,
    ],
)
def test_any_text_has_a_finite_vector(encoder: Encoder, text: str) -> None:
    [vector] = encoder.encode([text])
    assert np.isfinite(vector).all()
    length = float(np.linalg.norm(vector))
    assert length == pytest.approx(1, abs=1e-5) if text.strip() else length == 0


@pytest.mark.parametrize(
    "text", ["👍", "🙃🙃", "♪", "你好", "谢谢!", "东京的天气很好。", "สวัสดี", "ሰላም"]
)
def test_text_that_it_cannot_read_has_no_vector(text: str) -> None:
    encoder = Encoder.load()
    for _ in range(2):  # by `FastBpe`, then by the tokenizers library
        assert not encoder.encode([text]).any()
        encoder.warm_up()


@pytest.mark.parametrize(
    "text", ["OK 👍👍👍", "I ❤ NY", "12 你好", "C 语言", "Tokyo (東京都千代田区)", "?!"]
)
def test_text_with_a_word_or_number_has_a_vector(encoder: Encoder, text: str) -> None:
    assert encoder.encode([text]).any()


def test_it_is_the_default_of_the_commands(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(SENTENCES["fr"]), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "babelite",
        "search",
        str(lines),
        SENTENCES["it"][3],
        "-k",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert SENTENCES["fr"][3] in done.stdout


def test_the_first_example_of_the_readme_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [code, *_] = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
