"""LangChain's own tests of vector stores, and what is particular to this one."""

from pathlib import Path

import pytest

pytest.importorskip("langchain_tests")
from error_codes import raises
from langchain_core.documents import Document
from langchain_tests.integration_tests.vectorstores import VectorStoreIntegrationTests

from babelite.index import Index
from babelite.integrations import LangChainEmbeddings, LangChainVectorStore


class TestStandard(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> LangChainVectorStore:
        return LangChainVectorStore(tmp_path / "index", self.get_embeddings())


for _name, _test in vars(VectorStoreIntegrationTests).items():
    if _name.startswith("test_") and _name.endswith("_async"):
        setattr(TestStandard, _name, pytest.mark.asyncio(_test))


TEXTS = ["Le chat dort sur le canapé.", "Il pleut.", "Es regnet.", "Il pleut."]
METADATA = [{"lang": "fr", "n": n, "none": None, "deep": {"a": [1]}} for n in range(4)]


@pytest.fixture
def store(tmp_path: Path) -> LangChainVectorStore:
    return LangChainVectorStore.from_texts(
        TEXTS, LangChainEmbeddings(), METADATA, folder=tmp_path / "index", ids=[*"abcd"]
    )


def test_metadata_and_equal_texts_are_kept(store: LangChainVectorStore) -> None:
    found = store.similarity_search("It is raining.", k=3)
    assert {document.id for document in found} == {"b", "c", "d"}
    assert store.get_by_ids(["a", "none"]) == [
        Document(id="a", page_content=TEXTS[0], metadata=METADATA[0])
    ]


def test_filters_and_relevance(store: LangChainVectorStore) -> None:
    query = "It is raining."
    assert [d.id for d in store.similarity_search(query, filter={"n": [0, 2]})] == ["c", "a"]
    retriever = store.as_retriever(
        search_type="similarity_score_threshold",
        search_kwargs={"score_threshold": 0.5, "filter": {"lang": "fr"}},
    )
    assert {document.id for document in retriever.invoke(query)} == {"b", "c", "d"}
    scores = [score for _, score in store.similarity_search_with_relevance_scores(query)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    diverse = store.max_marginal_relevance_search(query, k=2, lambda_mult=0.1)
    assert {document.id for document in diverse} > {"a"}
    with raises("column-not-found"):
        store.similarity_search(query, filter={"author": "x"})


def test_a_store_opens_again_with_its_encoder(store: LangChainVectorStore, tmp_path: Path) -> None:
    again = LangChainVectorStore(tmp_path / "index")
    assert again.similarity_search("cat", k=1)[0].id == "a"
    again.delete(["a"])
    again.add_texts(["Die Katze schläft."], ids=["b"])
    with Index.open(tmp_path / "index") as index:
        assert index.get("b") is not None
        assert index.get("a") is None
        assert len(index) == 3
    again.delete()
    assert again.similarity_search("cat") == []


def test_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    with raises("index-invalid"):
        LangChainVectorStore(tmp_path)
    store = LangChainVectorStore(tmp_path / "new")
    with raises("input-empty"):
        store.add_texts(["a", " "])
    with pytest.raises(ValueError, match="argument 3"):
        store.add_texts(["a", "b"], [{}])
    assert not (tmp_path / "new").exists()
