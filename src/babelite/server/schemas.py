"""Request and response bodies: validated at run time and described in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticUseDefault, core_schema


class _NullIsDefault:
    """Marks an optional field: null stands for its default, as in OpenAI's API."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_default_for_null, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [handler(schema), {"type": "null"}]}


def _default_for_null(value: object) -> object:
    if value is None:
        raise PydanticUseDefault
    return value


_NULL_IS_DEFAULT = _NullIsDefault()

# Stops at the first error: a list of a million wrong items must not produce a million errors.
Texts = Annotated[list[str], Field(min_length=1, fail_fast=True)]
Count = Annotated[int | None, Field(ge=1, le=2**31 - 1)]
Language = Annotated[str | None, Field(max_length=35)]
TextOrTexts = Annotated[str | Texts, Field(union_mode="left_to_right")]
FieldValue = str | int | float | bool | None
FieldValues = Annotated[list[FieldValue], Field(min_length=1, max_length=1000, fail_fast=True)]
Where = Annotated[dict[str, FieldValue | FieldValues], Field(max_length=32)]


class _Request(BaseModel):
    """A request of babelite's own API: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = Field(None, description="Ignored: the server has one model.")


class _CommonRequest(_Request):
    """A request of another server's API: its clients send fields that babelite does not have."""

    model_config = ConfigDict(extra="ignore")


class EmbeddingRequest(_CommonRequest):
    """OpenAI's request for embeddings."""

    input: TextOrTexts = Field(description="Text or list of texts; token ids are not accepted.")
    encoding_format: Annotated[Literal["float", "base64"], _NULL_IS_DEFAULT] = Field(
        "float", description="base64 of little-endian float32 has a quarter of the bytes."
    )
    dimensions: Count = Field(
        None, description="The model's number of dimensions, or one of its Matryoshka sizes."
    )
    user: str | None = Field(None, description="Ignored.")


class RerankDocument(BaseModel):
    """A document as an object."""

    text: str


class RerankRequest(_CommonRequest):
    """A query and documents to score, in the form of Jina's and Cohere's APIs."""

    query: str
    documents: Annotated[list[str | RerankDocument], Field(min_length=1, fail_fast=True)]
    top_n: Count = Field(None, description="Number of results.")
    return_documents: Annotated[bool, _NULL_IS_DEFAULT] = Field(
        False, description="Include the text of each document."
    )


class SearchRequest(_Request):
    """Queries to the index."""

    query: TextOrTexts
    k: Annotated[int, Field(ge=1, le=1000), _NULL_IS_DEFAULT] = Field(
        5, description="Number of lines to find for each query."
    )
    where: Annotated[Where, _NULL_IS_DEFAULT] = Field(
        {}, description="Values by field of the index; any value of a list; null: no value."
    )
    min_score: Annotated[float, Field(ge=-1, le=1), _NULL_IS_DEFAULT] = Field(
        -1, description="Hits with a lower cosine are left out."
    )


class AlignRequest(_Request):
    """Two versions of a document."""

    source: TextOrTexts = Field(description="A list of sentences, or running text to split.")
    target: TextOrTexts = Field(description="The same document in another language.")
    source_language: Language = Field(
        None, description="Its language, by which running text is split; en by default."
    )
    target_language: Language = None
    max_size: Annotated[int, Field(ge=1, le=8), _NULL_IS_DEFAULT] = Field(
        4, description="Maximum sentences on a side of a pair."
    )
    min_score: Annotated[float, Field(ge=-1, le=1), _NULL_IS_DEFAULT] = Field(
        0.1, description="Lower scores stay unmatched."
    )


REQUESTS = (EmbeddingRequest, RerankRequest, SearchRequest, AlignRequest)


class Usage(BaseModel):
    """Number of tokens read."""

    prompt_tokens: int
    total_tokens: int


class _Response(BaseModel):
    """Fields of the responses with results."""

    model: str
    usage: Usage
    warnings: list[str] = Field(
        [], description="Texts that the model cannot read, or whose language it does not have."
    )


class Embedding(BaseModel):
    """A vector of unit length: a list of numbers, or base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingResponse(_Response):
    """Vectors in the order of the texts."""

    object: Literal["list"]
    data: list[Embedding]


class RerankResult(BaseModel):
    """A document and its cosine with the query."""

    index: int
    relevance_score: float
    document: RerankDocument | None = None


class RerankResponse(_Response):
    """Documents in decreasing order of relevance."""

    results: list[RerankResult]


class Hit(BaseModel):
    """A line of the index, its cosine with the query, its place, its id and its fields."""

    cosine: float
    row: int
    text: str
    file: str
    line: int
    id: str | None
    fields: dict[str, Any]


class QueryHits(BaseModel):
    """Hits of one query, best first."""

    index: int
    hits: list[Hit]


class SearchResponse(_Response):
    """Hits in the order of the queries."""

    results: list[QueryHits]


class AlignedSegments(BaseModel):
    """Sentences that are translations of each other, by their numbers from 0."""

    source: list[int]
    target: list[int]
    score: float
    cosine: float


class AlignResponse(_Response):
    """The sentences of both sides, and the segment pairs in order."""

    source: list[str]
    target: list[str]
    pairs: list[AlignedSegments]


class Model(BaseModel):
    """The served model: OpenAI's fields, and facts about the encoder.

    ``matryoshka`` lists the smaller sizes to which vectors may be cut.
    """

    id: str
    object: Literal["model"] = "model"
    created: int = 0  # in seconds since 1970; 0 if unknown
    owned_by: str = "babelite"
    dimensions: int
    matryoshka: list[int] = []
    languages: list[str] = []
    max_tokens: int | None = None


class ModelList(BaseModel):
    """A list with the served model."""

    object: Literal["list"]
    data: list[Model]


class Health(BaseModel):
    """Status of the server, its model and its index."""

    status: Literal["ok"]
    version: str
    model: str
    index_lines: int | None


class ErrorDetail(BaseModel):
    """An error: OpenAI's fields; docs/error-codes.md lists the codes."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorResponse(BaseModel):
    """The body of every response with a status from 400."""

    error: ErrorDetail
