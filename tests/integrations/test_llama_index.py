"""The vector store of LlamaIndex: the same answers as LlamaIndex's own store."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core")
from error_codes import raises
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    FilterCondition,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)

from babelite.integrations import LlamaIndexEmbedding, LlamaIndexVectorStore

TEXTS = ["Le chat dort sur le canapé.", "Il va pleuvoir.", "Es wird regnen.", "Il neige."]
EMBEDDING = LlamaIndexEmbedding()


def nodes() -> list[TextNode]:
    found = []
    for number, text in enumerate(TEXTS):
        metadata = {
            "lang": "de" if text.startswith("Es") else "fr",
            "n": number,
            "tags": ["x", "y"],
        }
        node = TextNode(text=text, id_="abcd"[number], metadata=metadata)
        document = RelatedNodeInfo(node_id=f"document {number // 2}")
        node.relationships[NodeRelationship.SOURCE] = document
        found.append(node)
    return found


@pytest.fixture
def store(tmp_path: Path) -> LlamaIndexVectorStore:
    store = LlamaIndexVectorStore(tmp_path / "index")
    assert store.add(nodes()) == [*"abcd"]
    return store


def filters(*parts: tuple[str, Any, str], condition: str = "and") -> MetadataFilters:
    found = [MetadataFilter(key=key, value=value, operator=op) for key, value, op in parts]
    return MetadataFilters(filters=found, condition=FilterCondition(condition))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"similarity_top_k": 2},
        {"filters": filters(("lang", "fr", "=="))},
        {"filters": filters(("lang", "fr", "=="), ("n", 0, ">"))},
        {"filters": filters(("lang", "de", "=="), ("n", 0, "=="), condition="or")},
        {"filters": filters(("lang", ["de", "it"], "in"))},
        {"filters": filters(("lang", "fr", "!="))},
        {"filters": filters(("n", [1, 2], "nin"))},
        {"filters": filters(("tags", "x", "contains"))},
        {"filters": filters(("author", None, "is_empty"))},
        {"filters": filters(("author", "x", "=="))},
        {"node_ids": ["a", "c"]},
    ],
)
def test_answers_are_those_of_the_store_of_llama_index(
    store: LlamaIndexVectorStore, options: dict[str, Any]
) -> None:
    other = SimpleVectorStore()
    given = nodes()
    for node, vector in zip(given, EMBEDDING.get_text_embedding_batch(TEXTS), strict=True):
        node.embedding = vector
    other.add(given)
    text = "It will rain."
    vector = EMBEDDING.get_query_embedding(text)
    query = {"similarity_top_k": 10, **options}
    found = store.query(VectorStoreQuery(query_str=text, **query))
    expected = other.query(VectorStoreQuery(query_embedding=vector, **query))
    assert found.similarities == pytest.approx(expected.similarities, abs=0.01)
    assert sorted(found.ids or ()) == sorted(expected.ids)
    assert store.query(VectorStoreQuery(query_embedding=vector, **query)).ids == found.ids


def test_a_query_is_limited_to_documents(store: LlamaIndexVectorStore) -> None:
    query = VectorStoreQuery(query_str="rain", similarity_top_k=9, doc_ids=["document 1", "x"])
    assert sorted(store.query(query).ids or ()) == ["c", "d"]


def test_nodes_are_kept_replaced_and_deleted(store: LlamaIndexVectorStore) -> None:
    assert store.get_nodes(["b"])[0].to_dict() == nodes()[1].to_dict()
    store.add([TextNode(text="Die Katze schläft.", id_="b")])
    assert [node.get_content() for node in store.get_nodes(["b"])] == ["Die Katze schläft."]
    store.delete("document 1")
    assert sorted(node.node_id for node in store.get_nodes()) == ["a", "b"]
    store.delete_nodes(filters=filters(("lang", "fr", "==")))
    assert [node.node_id for node in store.get_nodes()] == ["b"]
    store.delete_nodes(["b"])
    assert store.get_nodes() == []
    assert store.query(VectorStoreQuery(query_str="cat")).ids == []
    store.add(nodes())
    store.clear()
    assert len(store.client or "") == 0


def test_an_index_of_llama_index_uses_the_store(tmp_path: Path) -> None:
    store = LlamaIndexVectorStore(tmp_path / "index")
    documents = [Document(text=text, metadata={"n": n}) for n, text in enumerate(TEXTS[:3])]
    VectorStoreIndex.from_documents(
        documents,
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=EMBEDDING,
    )
    again = LlamaIndexVectorStore(tmp_path / "index")
    index = VectorStoreIndex.from_vector_store(again, embed_model=EMBEDDING)
    found = index.as_retriever(similarity_top_k=2).retrieve("It will rain.")
    assert {hit.node.metadata["n"] for hit in found} == {1, 2}
    assert all((hit.score or 0) > 0.5 for hit in found)


def test_wrong_input(store: LlamaIndexVectorStore) -> None:
    with pytest.raises(ValueError, match="query mode"):
        store.query(VectorStoreQuery(query_str="cat", mode=VectorStoreQueryMode.MMR))
    with pytest.raises(ValueError, match="a text or a vector"):
        store.query(VectorStoreQuery())
    with raises("input-empty"):
        store.add([TextNode(text=" ")])
    with raises("dimension-mismatch"):
        store.query(VectorStoreQuery(query_embedding=[1.0, 0.0]))
