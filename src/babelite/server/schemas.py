"""What requests and answers look like: the source of the checks and of the OpenAPI description."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# The first fault is enough: a list of a million wrong items must not make a million errors.
Texts = Annotated[list[str], Field(min_length=1, fail_fast=True)]


class _Request(BaseModel):
    # Unknown fields are let through: clients send what other servers know, such as `user`.
    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str | None = Field(None, description="Any name; the server has one model.")


class EmbeddingRequest(_Request):
    """OpenAI's request for vectors."""

    input: str | Texts = Field(
        union_mode="left_to_right",
        description="A text or a list of texts. Token ids are refused: every model has its own.",
    )
    encoding_format: Literal["float", "base64"] = Field(
        "float", description="base64 of little-endian float32 is a fourth of the bytes."
    )
    dimensions: int | None = Field(
        None, ge=1, le=2**31 - 1, description="The model's own number of components, if given."
    )
    user: str | None = Field(None, description="Not used.")


class RerankDocument(BaseModel):
    """A document as an object."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str


class RerankRequest(_Request):
    """A query and the documents to be scored against it, as Jina and Cohere ask for it."""

    query: str
    documents: Annotated[list[str | RerankDocument], Field(min_length=1, fail_fast=True)]
    top_n: int | None = Field(None, ge=1, le=2**31 - 1, description="How many to give back.")
    return_documents: bool = Field(False, description="Give the text of each document back.")


class SearchRequest(_Request):
    """Queries to the index."""

    query: str | Texts = Field(union_mode="left_to_right")
    k: int = Field(5, ge=1, le=1000, description="How many lines to find for each query.")


class AlignRequest(_Request):
    """Two versions of a document."""

    source: str | Texts = Field(
        union_mode="left_to_right", description="Sentences, or running text to be split."
    )
    target: str | Texts = Field(
        union_mode="left_to_right", description="The same in another language."
    )
    source_language: str = Field(
        "en", pattern="^[a-zA-Z-]{2,12}$", description="Whose abbreviations do not end a sentence."
    )
    target_language: str = Field("en", pattern="^[a-zA-Z-]{2,12}$")
    max_size: int = Field(4, ge=1, le=8, description="The most sentences on a side of a bead.")
    min_score: float = Field(
        0.25, ge=-1, le=1, description="Sentences that match worse stay unmatched."
    )


REQUESTS = (EmbeddingRequest, RerankRequest, SearchRequest, AlignRequest)


class Usage(BaseModel):
    """How much was read."""

    prompt_tokens: int
    total_tokens: int


class Embedding(BaseModel):
    """A vector of unit length: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingResponse(BaseModel):
    """Vectors, in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class RerankResult(BaseModel):
    """A document and its cosine with the query."""

    index: int
    relevance_score: float
    document: RerankDocument | None = None


class RerankResponse(BaseModel):
    """The documents, the most relevant first."""

    model: str
    results: list[RerankResult]
    usage: Usage


class Hit(BaseModel):
    """A line of the index: its cosine with the query, where it is, and what it says."""

    score: float
    row: int
    text: str
    source: str
    line: int


class QueryHits(BaseModel):
    """What was found for a query, the best first."""

    index: int
    hits: list[Hit]


class SearchResponse(BaseModel):
    """What was found, in the order of the queries."""

    model: str
    results: list[QueryHits]
    usage: Usage


class BeadOut(BaseModel):
    """Sentences that translate each other, by their numbers from 0."""

    source: list[int]
    target: list[int]
    score: float
    cosine: float


class AlignResponse(BaseModel):
    """The sentences of both sides, and the beads, in order."""

    model: str
    source: list[str]
    target: list[str]
    beads: list[BeadOut]
    usage: Usage


class Model(BaseModel):
    """The model that is served, in OpenAI's words and some more."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    dimensions: int
    languages: list[str]
    max_tokens: int | None


class ModelList(BaseModel):
    """The one model there is."""

    object: Literal["list"]
    data: list[Model]


class Health(BaseModel):
    """Whether the server works, and what it serves."""

    status: Literal["ok"]
    version: str
    model: str
    index_lines: int | None


class Problem(BaseModel):
    """What is wrong, in OpenAI's words."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(BaseModel):
    """The body of every answer that is not a success."""

    error: Problem
