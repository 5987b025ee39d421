"""Haystack's own tests of document stores, and what is particular to this one."""

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
pytest.importorskip("haystack")
from error_codes import raises
from haystack import Document, Pipeline
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.testing.document_store import DeleteAllTest, DocumentStoreBaseTests
from word_encoder import WordEncoder

from babelite.integrations import HaystackDocumentStore, HaystackRetriever

WORDS = WordEncoder()


@pytest.fixture
def document_store(tmp_path: Path) -> HaystackDocumentStore:
    return HaystackDocumentStore(tmp_path / "index", WORDS)


class TestStandard(DocumentStoreBaseTests, DeleteAllTest):
    @pytest.fixture
    def document_store(self, tmp_path: Path) -> HaystackDocumentStore:
        return HaystackDocumentStore(tmp_path / "index", WORDS)

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        def contents(documents: list[Document]) -> list[tuple[str, str | None, dict[str, Any]]]:
            return sorted((document.id, document.content, document.meta) for document in documents)

        assert contents(received) == contents(expected)  # embeddings are not stored

    def test_write_documents(self, document_store: HaystackDocumentStore) -> None:
        document = Document(content="test doc")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])
        self.assert_documents_are_equal(document_store.filter_documents(), [document])


def filled(store: HaystackDocumentStore) -> HaystackDocumentStore:
    store.write_documents(
        [
            Document(id="a", content="red sun", meta={"lang": "en", "year": 2020}),
            Document(id="b", content="blue sea", meta={"lang": "fr", "year": 2021}),
            Document(id="c", content="red sea", meta={"lang": "fr", "day": "2020-01-02T00:00:00"}),
        ]
    )
    return store


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        (None, "abc"),
        ({"field": "meta.lang", "operator": "==", "value": "fr"}, "bc"),
        ({"field": "meta.lang", "operator": "in", "value": ["en", "xx"]}, "a"),
        ({"field": "meta.year", "operator": ">", "value": 2020}, "b"),
        ({"field": "meta.day", "operator": "==", "value": "2020-01-02"}, "c"),
        ({"field": "meta.author", "operator": "==", "value": "x"}, ""),
        (
            {
                "operator": "AND",
                "conditions": [
                    {"field": "meta.lang", "operator": "==", "value": "fr"},
                    {"field": "meta.year", "operator": "!=", "value": 2021},
                ],
            },
            "c",
        ),
        (
            {
                "operator": "OR",
                "conditions": [
                    {"field": "meta.lang", "operator": "==", "value": "en"},
                    {"field": "meta.year", "operator": "==", "value": 2021},
                ],
            },
            "ab",
        ),
    ],
)
def test_the_retriever_filters(
    document_store: HaystackDocumentStore, filters: dict[str, Any] | None, ids: str
) -> None:
    retriever = HaystackRetriever(filled(document_store), filters)
    found = retriever.run("red sun sea blue")["documents"]
    assert "".join(sorted(document.id for document in found)) == ids
    assert len(retriever.run("red", top_k=1)["documents"]) == min(1, len(ids))


def test_a_pipeline_is_saved_and_opened_again(tmp_path: Path) -> None:
    store = HaystackDocumentStore(tmp_path / "index")
    store.write_documents([Document(id="a", content="Il va pleuvoir.")])
    pipeline = Pipeline()
    pipeline.add_component("retriever", HaystackRetriever(store, top_k=3, min_score=0.5))
    opened = Pipeline.loads(pipeline.dumps(), allowed_modules=["babelite.integrations.haystack"])
    found = opened.run({"retriever": {"query": "It will rain."}})
    [document] = found["retriever"]["documents"]
    assert (document.id, document.content) == ("a", "Il va pleuvoir.")
    assert document.score > 0.5


def test_duplicates_and_documents_without_text(document_store: HaystackDocumentStore) -> None:
    a, b = Document(id="a", content="red"), Document(id="a", content="blue")
    with pytest.raises(DuplicateDocumentError):
        document_store.write_documents([a, b], DuplicatePolicy.FAIL)
    assert document_store.count_documents() == 0
    assert document_store.write_documents([a, b], DuplicatePolicy.SKIP) == 1
    assert document_store.filter_documents()[0].content == "red"
    assert document_store.write_documents([a, b], DuplicatePolicy.OVERWRITE) == 2
    assert document_store.filter_documents()[0].content == "blue"
    with raises("input-empty"):
        document_store.write_documents([Document(id="c")])
