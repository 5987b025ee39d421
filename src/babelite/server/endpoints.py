"""What is done at each address."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from babelite._version import __version__
from babelite.alignment import align_vectors
from babelite.corpus import split_sentences
from babelite.server import schemas
from babelite.server.http.error_bodies import RefusedError, quoted
from babelite.server.http.limits import read_request
from babelite.server.service import Service

_DIGITS = 6  # of a score: float32 has no more
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Endpoints:
    """The answers to requests.

    Args:
        service: What does the work.
    """

    def __init__(self, service: Service) -> None:
        self._service, self._limits = service, service.limits

    async def health(self, request: Request) -> Response:
        """Whether the server works, and what it serves."""
        index = self._service.index
        told = {
            "status": "ok",
            "version": __version__,
            "model": self._service.model.name,
            "index_lines": None if index is None else len(index),
        }
        return json_response(told)

    async def metrics(self, request: Request) -> Response:
        """Counters for Prometheus."""
        return Response(self._service.metrics.text(), media_type=_METRICS_TYPE)

    async def models(self, request: Request) -> Response:
        """The models there are: one."""
        return json_response({"object": "list", "data": [self._model()]})

    async def model(self, request: Request) -> Response:
        """The model of this name."""
        name = request.path_params["name"]
        if name != self._service.model.name:
            message = f"There is no model {quoted(name)}, only {self._service.model.name!r}."
            raise RefusedError(404, message, code="model_not_found", param="model")
        return json_response(self._model())

    async def embeddings(self, request: Request) -> Response:
        """Turn texts into vectors."""
        asked = await read_request(request, schemas.EmbeddingRequest, self._limits)
        dim = self._service.model.dimensions
        if asked.dimensions not in (None, dim):
            message = f"The model has vectors of {dim} components, and they cannot be shortened."
            raise RefusedError(400, message, code="dimensions", param="dimensions")
        texts = [asked.input] if isinstance(asked.input, str) else asked.input
        self._limits.check_texts(texts, "input")
        vectors, tokens = await self._service.encode(request, texts)
        rows = _base64_rows(vectors) if asked.encoding_format == "base64" else list(vectors)
        data = [
            {"object": "embedding", "index": index, "embedding": row}
            for index, row in enumerate(rows)
        ]
        return self._answer(tokens, object="list", data=data)

    async def rerank(self, request: Request) -> Response:
        """Score documents against a query by the cosines of their vectors, the best first."""
        asked = await read_request(request, schemas.RerankRequest, self._limits)
        texts = [text if isinstance(text, str) else text.text for text in asked.documents]
        self._limits.check_texts(texts, "documents")
        self._limits.check_text(asked.query, "query")
        vectors, tokens = await self._service.encode(request, [asked.query, *texts])
        scores = vectors[1:] @ vectors[0]
        order = np.argsort(-scores, kind="stable")[: asked.top_n]
        results = [
            {"index": int(row), "relevance_score": _rounded(scores[row])}
            | ({"document": {"text": texts[row]}} if asked.return_documents else {})
            for row in order
        ]
        return self._answer(tokens, results=results)

    async def search(self, request: Request) -> Response:
        """Find the lines of the index that are nearest to queries."""
        index = self._service.index
        if index is None:
            raise RefusedError(404, "No index is served: start the server with --index.")
        asked = await read_request(request, schemas.SearchRequest, self._limits)
        queries = [asked.query] if isinstance(asked.query, str) else asked.query
        self._limits.check_texts(queries, "query", self._limits.queries)
        vectors, tokens = await self._service.encode(request, queries)
        found = await self._service.work(request, lambda: index.search(vectors, asked.k))
        results = [
            {
                "index": number,
                "hits": [hit._asdict() | {"score": _rounded(hit.score)} for hit in hits],
            }
            for number, hits in enumerate(found)
        ]
        return self._answer(tokens, results=results)

    async def align(self, request: Request) -> Response:
        """Find which sentences of two versions of a document translate each other."""
        asked = await read_request(request, schemas.AlignRequest, self._limits)
        source = await self._sentences(request, asked.source, asked.source_language, "source")
        target = await self._sentences(request, asked.target, asked.target_language, "target")
        vectors, tokens = await self._service.encode(request, [*source, *target])
        sides = vectors[: len(source)], vectors[len(source) :]
        beads = await self._service.work(
            request,
            lambda: align_vectors(*sides, max_size=asked.max_size, min_score=asked.min_score),
        )
        found = [
            {
                "source": list(bead.source),
                "target": list(bead.target),
                "score": _rounded(bead.score),
                "cosine": _rounded(bead.cosine),
            }
            for bead in beads
        ]
        return self._answer(tokens, source=source, target=target, beads=found)

    async def _sentences(
        self, request: Request, document: str | list[str], language: str, field: str
    ) -> list[str]:
        """The sentences of a side of an alignment."""
        if isinstance(document, str):
            self._limits.check_text(document, field)
            document = await self._service.work(
                request, partial(_split, document, language.lower())
            )
        if len(document) > self._limits.document:
            message = (
                f"The field '{field}' has {len(document):,} sentences and may have "
                f"{self._limits.document:,}: use `babelite align` for more."
            )
            raise RefusedError(400, message, code="too_many_items", param=field)
        if document:
            self._limits.check_texts(document, field)
        return document

    def _model(self) -> dict[str, Any]:
        model = self._service.model
        return {
            "id": model.name,
            "object": "model",
            "created": model.created,
            "owned_by": "babelite",
            "dimensions": model.dimensions,
            "languages": model.languages,
            "max_tokens": model.max_tokens,
        }

    def _answer(self, tokens: int, **fields: object) -> Response:
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        body = fields | {"model": self._service.model.name, "usage": usage}
        # Written from arrays: checking every number of a vector would take longer than making it.
        return json_response(body)


def json_response(body: object) -> Response:
    """An answer in JSON; arrays of numpy are written as lists."""
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(text, media_type="application/json")


def _base64_rows(vectors: NDArray[np.float32]) -> list[str]:
    return [base64.b64encode(row).decode() for row in np.ascontiguousarray(vectors, "<f4")]


def _rounded(score: float) -> float:
    return round(float(score), _DIGITS)


def _split(text: str, language: str) -> list[str]:
    return list(split_sentences(text.splitlines(), language))
