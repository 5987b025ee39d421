"""The model card: the README.md of a model folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babelite.encoding.model_description import ModelDescription

_TAGS = ("sentence-similarity", "feature-extraction", "cross-lingual")

_USE = """\
# {name}

A sentence encoder for {languages}. A sentence and its translation get nearly the same vector.
Vectors have {dim} components and unit length{sizes}.
The model has {parameters:,} parameters, was trained with the objective `{objective}`, and reads the
first {max_tokens} tokens of a sentence.

## Usage

With [babelite](https://pypi.org/project/babelite/), without torch:

```python
from babelite import Encoder

encoder = Encoder.load("path/to/this/folder")
vectors = encoder.encode(["Good morning!", "Guten Morgen!"])
print(vectors @ vectors.T)
```"""

_SENTENCE_TRANSFORMERS = """\
With sentence-transformers:

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
vectors = model.encode(["Good morning!", "Guten Morgen!"])
```"""

_FASTEMBED = """\
With fastembed:

```python
from fastembed import TextEmbedding
from fastembed.common.model_description import ModelSource, PoolingType

TextEmbedding.add_custom_model(
    {name},
    pooling=PoolingType.MEAN,
    normalization=True,
    sources=ModelSource(url="https://localhost"),  # not used: the files are local
    dim={dim},
    model_file="{graph}",
)
model = TextEmbedding({name}, specific_model_path="path/to/this/folder")
vectors = list(model.embed(["Good morning!", "Guten Morgen!"]))
```"""


def model_card(description: ModelDescription, *, has_weights: bool, graph: str) -> str:
    """The model card: Markdown with the YAML front matter that model hubs read."""
    fields = asdict(description)
    fields["languages"] = ", ".join(description.languages)
    sizes = " or ".join(map(str, description.matryoshka))
    fields["sizes"] = f"; they may be cut to the first {sizes}" if sizes else ""
    sections = [_front_matter(description, has_weights), _USE.format(**fields)]
    if has_weights:
        sections.append(_SENTENCE_TRANSFORMERS)
    name = json.dumps(description.name)
    sections.append(_FASTEMBED.format(name=name, graph=graph, dim=description.dim))
    if description.metrics:
        rows = ([name, f"{value:g}"] for name, value in description.metrics.items())
        sections.append("## Results\n\n" + _table(["measure", "value"], rows))
    if description.data:
        sections.append("## Training data\n\n" + _data_table(description))
    if description.notes:
        sections.append(description.notes.strip())
    return "\n\n".join(sections) + "\n"


def _front_matter(description: ModelDescription, has_weights: bool) -> str:
    # Without weights sentence-transformers cannot load the folder.
    library = "sentence-transformers" if has_weights else "babelite"
    # A JSON string is a quoted YAML string: a bare `no` (Norwegian) would be false.
    lines = ["---", "language:", *(f"- {json.dumps(code)}" for code in description.languages)]
    lines += [f"library_name: {library}", "pipeline_tag: sentence-similarity"]
    if description.license:
        lines.append(f"license: {json.dumps(description.license)}")
    lines += ["tags:", *(f"- {tag}" for tag in (library, *_TAGS)), "---"]
    return "\n".join(lines)


def _data_table(description: ModelDescription) -> str:
    header = ["languages", "source", "pairs"]
    rows = [["-".join(d.languages), d.source, f"{d.pairs:,}"] for d in description.data]
    if any(d.license for d in description.data):
        header.append("licence")
        rows = [[*row, d.license or ""] for row, d in zip(rows, description.data, strict=True)]
    return _table(header, rows)


def _table(header: list[str], rows: Iterable[list[str]]) -> str:
    body = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in r) + " |" for r in body)
