"""An index as a vector store of LangChain, and an encoder as its embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from babelite.encoding import AdaptedEncoder, SentenceEncoder
from babelite.errors import requires_extra
from babelite.index import IndexRow
from babelite.integrations.index_folder import IndexFolder, open_if_named

with requires_extra("LangChainVectorStore", "langchain"):
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_core.vectorstores import VectorStore
    from langchain_core.vectorstores.utils import maximal_marginal_relevance


class LangChainEmbeddings(Embeddings):  # type: ignore[misc]
    """An encoder as embeddings of LangChain.

    Args:
        encoder: An encoder, or the argument of `babelite.open_encoder`: None for the packaged
            model, a model folder or another specification.

    Example:
        >>> len(LangChainEmbeddings().embed_query("Where is the station?"))
        256
    """

    def __init__(self, encoder: SentenceEncoder | str | None = None) -> None:
        self.encoder = open_if_named(encoder)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts."""
        vectors: list[list[float]] = np.asarray(self.encoder.encode(texts)).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query."""
        return self.embed_documents([text])[0]


class LangChainVectorStore(VectorStore):  # type: ignore[misc]
    """An index as a vector store of LangChain.

    A filter (``filter={"lang": "fr"}``) is the argument ``where`` of `babelite.Index.search`: it
    compares values of the metadata as text, and a list accepts each of its values. Metadata are
    values of JSON: dates become text. Documents need text.

    Args:
        folder: The folder of the index; created when the first documents are added.
        embedding: Embeddings of LangChain, an encoder, or the argument of
            `babelite.open_encoder`. Default: the encoder of an existing index, else the packaged
            model.

    Raises:
        BabeliteError: The folder contains something else, or the index has another encoder.

    Example:
        >>> import tempfile
        >>> store = LangChainVectorStore(tempfile.mkdtemp())
        >>> store.add_texts(["Le chat dort.", "Il pleut."], [{"lang": "fr"}] * 2, ids=["a", "b"])
        ['a', 'b']
        >>> store.similarity_search("It is raining.", k=1, filter={"lang": "fr"})[0].page_content
        'Il pleut.'
    """

    def __init__(
        self,
        folder: str | Path,
        embedding: Embeddings | SentenceEncoder | str | None = None,
    ) -> None:
        self._embedding: Embeddings | None = None
        encoder = embedding
        if isinstance(embedding, LangChainEmbeddings):
            self._embedding, encoder = embedding, embedding.encoder
        elif isinstance(embedding, Embeddings):
            name = type(embedding).__name__
            self._embedding, encoder = embedding, AdaptedEncoder(name, embedding.embed_documents)
        self._folder = IndexFolder(folder, encoder)

    @property
    def embeddings(self) -> Embeddings:
        """The embeddings of queries."""
        if self._embedding is None:
            self._embedding = LangChainEmbeddings(self._folder.encoder)
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: Sequence[Mapping[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> list[str]:
        """Add texts; a text replaces the one of its id.

        Returns:
            The ids; new ones for texts without.

        Raises:
            ValueError: The numbers of texts, metadata and ids differ.
        """
        texts = [*texts]
        metadatas = [{}] * len(texts) if metadatas is None else metadatas
        known = [id_ or str(uuid4()) for id_ in ([None] * len(texts) if ids is None else ids)]
        rows = starmap(IndexRow, zip(texts, known, metadatas, strict=True))
        self._folder.add([*rows])
        return known

    def delete(self, ids: Sequence[str] | None = None, **_: Any) -> bool:  # noqa: ANN401
        """Delete texts by id; all if no ids are given."""
        self._folder.remove(self._folder.rows_of(ids))
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids; ids that do not exist are left out."""
        return [_document(row) for row in self._folder.get(ids)]

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:  # noqa: ANN401
        """The documents nearest to a query, best first; ``filter`` selects by metadata."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **options)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = 4,
        filter: Mapping[str, object] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> list[tuple[Document, float]]:
        """As `similarity_search`, with cosines."""
        return self._nearest(self.embeddings.embed_query(query), k, filter)

    def similarity_search_by_vector(
        self,
        embedding: Sequence[float],
        k: int = 4,
        filter: Mapping[str, object] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> list[Document]:
        """The documents nearest to a vector, best first."""
        return [document for document, _ in self._nearest(embedding, k, filter)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Mapping[str, object] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> list[Document]:
        """The documents near to a query that differ most, of the nearest ``fetch_k``."""
        vector = self.embeddings.embed_query(query)
        found = [document for document, _ in self._nearest(vector, fetch_k, filter)]
        if not found:
            return []
        vectors = self.embeddings.embed_documents([document.page_content for document in found])
        chosen = maximal_marginal_relevance(np.array(vector), vectors, lambda_mult, k)
        return [found[place] for place in chosen]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings | SentenceEncoder | str | None = None,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        folder: str | Path,
        ids: list[str] | None = None,
        **_: Any,  # noqa: ANN401
    ) -> LangChainVectorStore:
        """Add texts to the store in a folder, and return it."""
        store = cls(folder, embedding)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def _nearest(
        self, vector: Sequence[float], k: int, where: Mapping[str, object] | None
    ) -> list[tuple[Document, float]]:
        hits = self._folder.search(np.asarray(vector, np.float32), k, where=where)
        return [(_document(hit), hit.cosine) for hit in hits]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """From cosines to relevance, 0 to 1."""
        return lambda cosine: min(max(cosine, 0.0), 1.0)


def _document(row: Any) -> Document:  # noqa: ANN401 - IndexRow or IndexHit
    return Document(id=row.id, page_content=row.text, metadata=dict(row.fields))
