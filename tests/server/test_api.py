"""The API through OpenAI's client and through plain HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import numpy as np
import pytest
from openai import BadRequestError, OpenAI
from pydantic import BaseModel

from babelite import Encoder
from babelite.corpus import can_identify_languages
from babelite.index import Index, IndexRow
from babelite.server import Service, open_service, schemas

from .conftest import HTTP, LINES, running

TEXTS = [
    "Where is the nearest train station?",
    "Où se trouve la gare la plus proche ?",
    "",
    "日本語 🎉 \x00 \u2028",
    "a" * 20_000,
]


@pytest.fixture
def openai_client(address: str) -> OpenAI:
    return OpenAI(base_url=f"{address}/v1", api_key="not needed", max_retries=0)


def test_openai_client_gets_the_same_vectors(openai_client: OpenAI, encoder: Encoder) -> None:
    answer = openai_client.embeddings.create(model="text-embedding-3-small", input=TEXTS)
    vectors = np.array([item.embedding for item in answer.data])
    assert [item.index for item in answer.data] == list(range(len(TEXTS)))
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS), atol=1e-6)
    tokens = sum(map(len, encoder.tokenize(TEXTS)))
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == tokens > 0
    assert answer.model == encoder.description.name


def test_float_format_equals_base64_format(openai_client: OpenAI, encoder: Encoder) -> None:
    answer = openai_client.embeddings.create(
        model="any", input=TEXTS[0], encoding_format="float", dimensions=encoder.dim
    )
    np.testing.assert_allclose(
        [answer.data[0].embedding], encoder.encode([TEXTS[0]]), rtol=0, atol=1e-6
    )


def test_dimensions_may_be_a_matryoshka_size(encoder: Encoder) -> None:
    service = Service(encoder)
    service.model = service.model.model_copy(update={"matryoshka": [64, 128]})
    with running(service) as address:
        body = {"input": [*TEXTS, ""], "dimensions": 64}
        data = HTTP.post(f"{address}/v1/embeddings", json=body).json()["data"]
        refused = HTTP.post(f"{address}/v1/embeddings", json={**body, "dimensions": 65})
    cut = encoder.encode([*TEXTS, ""])[:, :64]
    expected = cut / np.maximum(np.linalg.norm(cut, axis=1, keepdims=True), 1e-9)
    np.testing.assert_allclose([item["embedding"] for item in data], expected, atol=1e-6)
    assert refused.status_code == 400
    assert "64 or 128" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "required", "schema"),
    [
        ("embeddings", {"input": "a"}, schemas.EmbeddingRequest),
        ("rerank", {"query": "a", "documents": ["a"]}, schemas.RerankRequest),
        ("search", {"query": "a"}, schemas.SearchRequest),
        ("align", {"source": "a", "target": "a"}, schemas.AlignRequest),
    ],
)
def test_null_is_the_default_of_every_optional_field(
    api: httpx.Client, path: str, required: dict[str, object], schema: type[BaseModel]
) -> None:
    optional = {name for name, field in schema.model_fields.items() if not field.is_required()}
    answer = api.post(f"/v1/{path}", json=required | dict.fromkeys(optional))
    assert answer.status_code == 200
    assert answer.json() == api.post(f"/v1/{path}", json=required).json()


def test_half_a_surrogate_pair_is_an_unknown_character(api: httpx.Client) -> None:
    def vectors(*texts: bytes) -> object:
        body = b'{"input": ["' + b'", "'.join(texts) + b'"]}'
        headers = {"Content-Type": "application/json"}
        answer = api.post("/v1/embeddings", content=body, headers=headers)
        assert answer.status_code == 200
        return answer.json()["data"]

    sent = rb"cut \ud83d", rb"\ude00 cut \uD83D", rb"\ud83d\ude00 a\\ud83d \n"
    meant = rb"cut \ufffd", rb"\ufffd cut \ufffd", rb"\ud83d\ude00 a\\ud83d \n"
    assert vectors(*sent) == vectors(*meant)


def test_unknown_fields_of_openai_and_jina_are_ignored(api: httpx.Client) -> None:
    assert api.post("/v1/embeddings", json={"input": "a", "input_type": "query"}).is_success
    assert api.post("/v1/rerank", json={"query": "a", "documents": ["a"], "x": 1}).is_success


def test_openai_client_lists_the_model(openai_client: OpenAI, encoder: Encoder) -> None:
    (model,) = openai_client.models.list().data
    assert model.id == encoder.description.name
    assert openai_client.models.retrieve(model.id) == model


def test_openai_client_raises_bad_request_error(openai_client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="256 dimensions") as refused:
        openai_client.embeddings.create(model="any", input="a", dimensions=65)
    assert refused.value.param == "dimensions"
    with pytest.raises(BadRequestError, match="Token ids are not accepted"):
        openai_client.embeddings.create(model="any", input=[[1, 2, 3]])


def test_rerank_scores_documents_by_cosine(api: httpx.Client, encoder: Encoder) -> None:
    documents = ["Il pleut.", {"text": "Où est la gare ?"}, "Wo ist der Bahnhof?"]
    body = {"query": TEXTS[0], "documents": documents, "return_documents": True}
    answer = api.post("/v1/rerank", json=body).json()
    vectors = encoder.encode([TEXTS[0], "Il pleut.", "Où est la gare ?", "Wo ist der Bahnhof?"])
    cosines = vectors[1:] @ vectors[0]
    assert [r["index"] for r in answer["results"]] == np.argsort(-cosines).tolist()
    for result in answer["results"]:
        assert result["relevance_score"] == pytest.approx(cosines[result["index"]], abs=1e-5)
    assert answer["results"][-1]["document"] == {"text": "Il pleut."}
    shorter = api.post("/v1/rerank", json={**body, "top_n": 1, "return_documents": False}).json()
    assert [set(result) for result in shorter["results"]] == [{"index", "relevance_score"}]


def test_search_finds_lines_of_the_index(api: httpx.Client) -> None:
    body = {"query": ["The cat is sleeping on the sofa.", "How much is this book?"], "k": 2}
    results = api.post("/v1/search", json=body).json()["results"]
    assert [len(result["hits"]) for result in results] == [2, 2]
    best = [result["hits"][0] for result in results]
    assert [hit["text"] for hit in best] == [LINES[4], LINES[3]]
    assert best[0] == {**best[0], "file": "lines.txt", "line": 5, "row": 4}
    assert best[0]["cosine"] > 0.5


def test_search_filters_by_fields(encoder: Encoder, tmp_path: Path) -> None:
    rows = [
        IndexRow("Il pleut.", "a", {"lang": "fr", "year": 2020}),
        IndexRow("Es regnet.", "b", {"lang": "de", "big": 10**30}),
        IndexRow("It rains."),
    ]
    Index.build({"x": rows}, encoder, tmp_path / "index")
    service = Service(encoder, index=tmp_path / "index")
    with running(service) as address, httpx.Client(base_url=address) as api:

        def search(**fields: object) -> httpx.Response:
            return api.post("/v1/search", json={"query": "It rains.", **fields})

        def ids(**fields: object) -> set[str | None]:
            return {hit["id"] for hit in search(**fields).json()["results"][0]["hits"]}

        assert ids() == {"a", "b", None}
        assert ids(where={"lang": "fr"}) == {"a"}
        assert ids(where={"lang": ["fr", "de"], "year": None}) == {"b"}
        assert ids(where={"year": "2020"}) == {"a"}
        assert ids(min_score=0.9999) == {None}
        [hit] = search(where={"lang": "de"}).json()["results"][0]["hits"]
        assert (hit["id"], hit["fields"]) == ("b", {"lang": "de", "big": 10**30})
        refused = search(where={"author": "x"})
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert (error["code"], error["param"]) == ("column-not-found", "where")
        assert "big, lang, year" in error["message"]
        assert search(where={"lang": {"a": 1}}).status_code == 400
        assert search(where={"lang": []}).status_code == 400
        assert search(min_score=2).status_code == 400


def test_a_blank_query_finds_nothing(api: httpx.Client) -> None:
    results = api.post("/v1/search", json={"query": ["", "the house"]}).json()["results"]
    assert results[0] == {"index": 0, "hits": []}
    assert results[1]["hits"]


def test_search_limits_the_number_of_queries(api: httpx.Client) -> None:
    answer = api.post("/v1/search", json={"query": ["a"] * 33})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "limit-exceeded"
    assert "33 texts" in error["message"] and "32" in error["message"]


def test_search_reloads_a_changed_index(
    encoder: Encoder, folder_of: Callable[[Sequence[str]], Path]
) -> None:
    folder = folder_of(LINES)

    def found(api: httpx.Client, query: str) -> list[str]:
        (result,) = api.post("/v1/search", json={"query": query, "k": 1}).json()["results"]
        return [hit["text"] for hit in result["hits"]]

    with running(Service(encoder, index=folder)) as address, httpx.Client(base_url=address) as api:
        Index.open(folder, encoder).add(["Morgen wird es regnen."])
        assert found(api, "Tomorrow it will rain.") == ["Morgen wird es regnen."]
        assert api.get("/healthz").json()["index_lines"] == 6
        Index.open(folder, encoder).remove(range(6))
        assert found(api, "Tomorrow it will rain.") == []


def test_search_without_an_index_is_not_found(encoder: Encoder) -> None:
    with running(Service(encoder)) as address:
        answer = HTTP.post(f"{address}/v1/search", json={"query": "a"})
        paths = HTTP.get(f"{address}/openapi.json").json()["paths"]
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["code"] == "not-found"
    assert "--index" in error["message"]
    assert "/v1/search" not in paths


def test_default_model_is_that_of_the_index(
    folder_of: Callable[[Sequence[str]], Path],
) -> None:
    service = open_service(index=folder_of(LINES), name="ours")
    assert (service.model.id, service.model.dimensions) == ("ours", 256)
    service.close()


def test_align_splits_running_text(api: httpx.Client) -> None:
    body = {
        "source": "It rains. The cat, which is old, sleeps on the sofa.",
        "target": "Il pleut. Le chat dort sur le canapé. Il est vieux.",
        "target_language": "fr",
    }
    answer = api.post("/v1/align", json=body).json()
    assert answer["source"] == ["It rains.", "The cat, which is old, sleeps on the sofa."]
    assert [(pair["source"], pair["target"]) for pair in answer["pairs"]] == [
        ([0], [0]),
        ([1], [1, 2]),
    ]
    given = {"source": answer["source"], "target": answer["target"]}
    assert api.post("/v1/align", json=given).json()["pairs"] == answer["pairs"]


def test_align_of_a_blank_text_has_no_match(api: httpx.Client) -> None:
    answer = api.post("/v1/align", json={"source": "Good morning.", "target": " \n "}).json()
    assert (answer["target"], [pair["target"] for pair in answer["pairs"]]) == ([], [[]])


def test_health_reports_model_and_index(api: httpx.Client, encoder: Encoder) -> None:
    health = api.get("/healthz").json()
    assert (health["status"], health["index_lines"]) == ("ok", len(LINES))
    assert health["model"] == encoder.description.name


def test_metrics_count_requests_sentences_and_tokens(encoder: Encoder) -> None:
    def value(text: str, name: str) -> float:
        (found,) = re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found)

    with running(Service(encoder)) as address, httpx.Client(base_url=address) as api:
        api.post("/v1/embeddings", json={"input": ["one", "two", "three"]})
        api.post("/v1/embeddings", json={"input": 1})
        api.get("/no/such/place")
        answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert value(answer.text, "babelite_sentences_total") == 3
    assert value(answer.text, "babelite_tokens_total") >= 3
    assert value(answer.text, "babelite_waiting_sentences") == 0
    for route, status in (("/v1/embeddings", 200), ("/v1/embeddings", 400), ("other", 404)):
        name = f'babelite_requests_total{{route="{route}",status="{status}"}}'
        assert value(answer.text, name) == 1


def test_any_encoder_can_be_served() -> None:
    class Lengths:
        dim = 2

        def encode(self, sentences: Sequence[str]) -> np.ndarray:
            return np.array([[3.0, 4.0]] * len(sentences), np.float32) / 5

    with running(Service(Lengths(), name="lengths")) as address:
        answer = HTTP.post(f"{address}/v1/embeddings", json={"input": "a"}).json()
    assert answer["data"][0]["embedding"] == [pytest.approx(0.6), pytest.approx(0.8)]
    assert (answer["model"], answer["usage"]["total_tokens"]) == ("lengths", 0)


def test_health_accepts_head_requests(api: httpx.Client) -> None:
    answer = api.head("/healthz")
    assert (answer.status_code, answer.content) == (200, b"")


def test_texts_that_the_model_cannot_read_are_counted(api: httpx.Client) -> None:
    rows = ["Good morning!", "", "👍", "你好"]
    bodies = {
        "/v1/embeddings": {"input": rows},
        "/v1/rerank": {"query": "Good morning!", "documents": rows},
        "/v1/align": {"source": rows, "target": ["Guten Morgen!"]},
        "/v1/search": {"query": rows},
    }
    for path, body in bodies.items():
        warnings = api.post(path, json=body).json()["warnings"]
        assert any(warning.startswith("2 texts have no word") for warning in warnings)
    assert "warnings" not in api.post("/v1/search", json={"query": rows[0]}).json()


def test_languages_that_the_model_does_not_have_are_named(api: httpx.Client) -> None:
    body = {"source": ["Good morning!"], "target": ["Bom dia!"], "target_language": "pt-BR"}
    [warning] = api.post("/v1/align", json=body).json()["warnings"]
    assert "'target'" in warning and "pt-BR," in warning
    known = api.post("/v1/align", json={**body, "target_language": "it"}).json()
    assert "warnings" not in known


@pytest.mark.skipif(not can_identify_languages(), reason="the extra filter is not installed")
def test_languages_are_identified(api: httpx.Client) -> None:
    queries = [
        "O tempo está muito bom hoje, por isso vamos à praia com as crianças.",
        "A reunião foi adiada para quinta-feira porque o diretor está doente.",
        "Não consegui abrir o ficheiro que você me enviou ontem à noite.",
        "O governo anunciou novas medidas para reduzir o preço da energia.",
    ]
    [warning] = api.post("/v1/search", json={"query": queries}).json()["warnings"]
    assert "'query'" in warning and " pt," in warning
