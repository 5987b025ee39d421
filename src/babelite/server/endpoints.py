"""HTTP endpoints."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from babelite._version import __version__
from babelite.alignment import SegmentPair, align_vectors, text_lengths
from babelite.corpus import split_sentences
from babelite.encoding import unit_rows
from babelite.errors import BabeliteError, quantity
from babelite.index import IndexHit
from babelite.server import schemas
from babelite.server.http.error_bodies import RequestError, quoted
from babelite.server.http.limits import read_request, require_at_most
from babelite.server.service import Service

_DIGITS = 6  # of a cosine: the precision of float32
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Endpoints:
    """Request handlers; their docstrings are the summaries in the OpenAPI document."""

    def __init__(self, service: Service) -> None:
        self._service, self._limits = service, service.limits

    async def health(self, request: Request) -> Response:
        """Status of the server, its model and its index."""
        index = self._service.index
        body = {
            "status": "ok",
            "version": __version__,
            "model": self._service.model.id,
            "index_lines": None if index is None else len(index),
        }
        return json_response(body)

    async def metrics(self, request: Request) -> Response:
        """Metrics for Prometheus."""
        return Response(self._service.metrics.text(), media_type=_METRICS_TYPE)

    async def models(self, request: Request) -> Response:
        """List the served model."""
        return json_response({"object": "list", "data": [self._service.model.model_dump()]})

    async def model(self, request: Request) -> Response:
        """Describe the served model."""
        name = request.path_params["name"]
        if name != self._service.model.id:
            message = f"There is no model {quoted(name)}, only {self._service.model.id!r}."
            raise RequestError(404, message, code="model-not-found", param="model")
        return json_response(self._service.model.model_dump())

    async def embeddings(self, request: Request) -> Response:
        """Encode texts as vectors."""
        body = await read_request(request, schemas.EmbeddingRequest, self._limits)
        size = self._vector_size(body.dimensions)
        texts = [body.input] if isinstance(body.input, str) else body.input
        self._limits.check_texts(texts, "input")
        vectors, tokens = await self._service.encode(request, texts)
        warnings = self._service.warnings.of_vectors(texts, vectors)
        if size < vectors.shape[1]:
            vectors = unit_rows(vectors[:, :size])
        rows = _base64_rows(vectors) if body.encoding_format == "base64" else list(vectors)
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        return self._respond(tokens, warnings, object="list", data=data)

    async def rerank(self, request: Request) -> Response:
        """Score documents against a query by cosine, best first."""
        body = await read_request(request, schemas.RerankRequest, self._limits)
        texts = [text if isinstance(text, str) else text.text for text in body.documents]
        self._limits.check_texts(texts, "documents")
        self._limits.check_text(body.query, "query")
        every = [body.query, *texts]
        vectors, tokens = await self._service.encode(request, every)
        warnings = self._service.warnings.of_vectors(every, vectors)
        scores = vectors[1:] @ vectors[0]
        order = np.argsort(-scores, kind="stable")[: body.top_n]
        results = [
            {"index": int(row), "relevance_score": _rounded(scores[row])}
            | ({"document": {"text": texts[row]}} if body.return_documents else {})
            for row in order
        ]
        return self._respond(tokens, warnings, results=results)

    async def search(self, request: Request) -> Response:
        """Find the lines of the index that are nearest to each query."""
        index = self._service.index
        if index is None:
            message = "The server has no index: start it with --index."
            raise RequestError(404, message, code="not-found")
        body = await read_request(request, schemas.SearchRequest, self._limits)
        queries = [body.query] if isinstance(body.query, str) else body.query
        self._limits.check_texts(queries, "query", self._limits.queries)
        vectors, tokens = await self._service.encode(request, queries)
        warnings = self._service.warnings.of_vectors(queries, vectors)

        def search() -> list[list[IndexHit]]:
            warnings.extend(self._service.warnings.of_language(queries, "query"))
            return index.search(vectors, body.k, where=body.where, min_score=body.min_score)

        try:
            found = await self._service.run_in_thread(request, search)
        except BabeliteError as error:
            if error.code != "column-not-found":  # a field that the index does not have
                raise
            message = f"The index {error.problem}; {error.hint}."
            raise RequestError(400, message, code=error.code, param="where") from None
        results = [
            {"index": i, "hits": [_hit(hit) for hit in hits]} for i, hits in enumerate(found)
        ]
        return self._respond(tokens, warnings, results=results)

    async def align(self, request: Request) -> Response:
        """Align the sentences of two versions of a document."""
        body = await read_request(request, schemas.AlignRequest, self._limits)
        languages = body.source_language, body.target_language
        source = await self._sentences(request, body.source, languages[0], "source")
        target = await self._sentences(request, body.target, languages[1], "target")
        vectors, tokens = await self._service.encode(request, [*source, *target])
        warnings = self._service.warnings.of_vectors([*source, *target], vectors)

        def align() -> list[SegmentPair]:
            for texts, field, language in zip(
                (source, target), ("source", "target"), languages, strict=True
            ):
                warnings.extend(self._service.warnings.of_language(texts, field, language))
            return align_vectors(
                vectors[: len(source)],
                vectors[len(source) :],
                lengths=text_lengths(source, target),
                max_size=body.max_size,
                min_score=body.min_score,
            )

        pairs = await self._service.run_in_thread(request, align)
        found = [
            {"source": list(pair.source), "target": list(pair.target)}
            | {"score": _rounded(pair.score), "cosine": _rounded(pair.cosine)}
            for pair in pairs
        ]
        return self._respond(tokens, warnings, source=source, target=target, pairs=found)

    def _vector_size(self, dimensions: int | None) -> int:
        """The number of components of the vectors to send."""
        model = self._service.model
        if dimensions is None or dimensions in (model.dimensions, *model.matryoshka):
            return dimensions or model.dimensions
        smaller = " or ".join(map(str, model.matryoshka))
        change = f"may be cut to {smaller}" if smaller else "cannot be changed"
        message = f"The model has {quantity(model.dimensions, 'dimension')}, which {change}."
        raise RequestError(400, message, code="dimension-mismatch", param="dimensions")

    async def _sentences(
        self, request: Request, document: str | list[str], language: str | None, field: str
    ) -> list[str]:
        """The sentences of one side; running text is split."""
        if isinstance(document, str):
            self._limits.check_text(document, field)
            split = partial(split_sentences, document.splitlines(), language or "en")
            try:
                document = await self._service.run_in_thread(request, lambda: list(split()))
            except BabeliteError as error:  # the language is not known
                param = f"{field}_language"
                message = f"The field '{param}': {error}"
                raise RequestError(400, message, code=error.code, param=param) from None
        limit, hint = self._limits.document, "use `babelite align` for more"
        require_at_most(limit, len(document), "sentences", f"The field '{field}'", hint, field)
        if document:
            self._limits.check_texts(document, field)
        return document

    def _respond(self, tokens: int, warnings: list[str], **fields: object) -> Response:
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        body = fields | {"model": self._service.model.id, "usage": usage}
        if warnings:
            body["warnings"] = warnings
        # Not validated by the schema: checking every number would take longer than encoding.
        return json_response(body)


def json_response(body: object) -> Response:
    """A JSON response; numpy arrays become lists."""
    text = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(text, media_type="application/json")


def _base64_rows(vectors: NDArray[np.float32]) -> list[str]:
    return [base64.b64encode(row).decode() for row in np.ascontiguousarray(vectors, "<f4")]


def _hit(hit: IndexHit) -> dict[str, Any]:
    place = {"row": hit.row, "text": hit.text, "file": hit.source, "line": hit.line}
    # Fields may contain integers that orjson does not have.
    fields = orjson.Fragment(json.dumps(dict(hit.fields), ensure_ascii=False))
    return {"cosine": _rounded(hit.cosine)} | place | {"id": hit.id, "fields": fields}


def _rounded(value: float) -> float:
    return round(float(value), _DIGITS)
