"""An index as a vector store of LlamaIndex, and an encoder as its embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from babelite.encoding import SentenceEncoder
from babelite.errors import requires_extra
from babelite.index import Index, IndexRow
from babelite.integrations.index_folder import IndexFolder, necessary_values, open_if_named

with requires_extra("LlamaIndexVectorStore", "llama-index"):
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.bridge.pydantic import PrivateAttr
    from llama_index.core.schema import BaseNode, MetadataMode
    from llama_index.core.vector_stores.types import (
        BasePydanticVectorStore,
        FilterCondition,
        MetadataFilters,
        VectorStoreQuery,
        VectorStoreQueryMode,
        VectorStoreQueryResult,
    )
    from llama_index.core.vector_stores.utils import (
        build_metadata_filter_fn,
        metadata_dict_to_node,
        node_to_metadata_dict,
    )

_DOCUMENT = "ref_doc_id"


class LlamaIndexEmbedding(BaseEmbedding):  # type: ignore[misc]
    """An encoder as embedding model of LlamaIndex.

    Args:
        encoder: An encoder, or the argument of `babelite.open_encoder`: None for the packaged
            model, a model folder or another specification.
    """

    _encoder: SentenceEncoder = PrivateAttr()

    def __init__(
        self,
        encoder: SentenceEncoder | str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        encoder = open_if_named(encoder)
        super().__init__(**{"model_name": str(getattr(encoder, "name", "babelite")), **options})
        self._encoder = encoder

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in LlamaIndex."""
        return "LlamaIndexEmbedding"

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = np.asarray(self._encoder.encode(texts)).tolist()
        return vectors

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


class LlamaIndexVectorStore(BasePydanticVectorStore):  # type: ignore[misc]
    """An index as a vector store of LlamaIndex.

    The index encodes the text of nodes and queries itself; embeddings of nodes are not stored.
    Nodes need text.

    Args:
        folder: The folder of the index; created when the first nodes are added.
        encoder: An encoder, or the argument of `babelite.open_encoder`. Default: the encoder of an
            existing index, else the packaged model.

    Raises:
        BabeliteError: The folder contains something else, or the index has another encoder.
    """

    stores_text: bool = True
    is_embedding_query: bool = False
    folder: str
    _store: IndexFolder = PrivateAttr()

    def __init__(
        self,
        folder: str | Path,
        encoder: SentenceEncoder | str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(folder=str(folder), **options)
        self._store = IndexFolder(folder, encoder)

    @classmethod
    def class_name(cls) -> str:
        """The name of the class in LlamaIndex."""
        return "LlamaIndexVectorStore"

    @property
    def client(self) -> Index | None:
        """The index; None until nodes are added."""
        return self._store.index

    def add(self, nodes: Sequence[BaseNode], **_: Any) -> list[str]:  # noqa: ANN401
        """Add nodes; a node replaces the one of its id. Returns their ids."""
        rows = [
            IndexRow(
                node.get_content(metadata_mode=MetadataMode.NONE),
                node.node_id,
                node_to_metadata_dict(node, remove_text=True),
            )
            for node in nodes
        ]
        self._store.add(rows)
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **_: Any) -> None:  # noqa: ANN401
        """Delete the nodes of a document."""
        found = self._store.matching(
            {_DOCUMENT: ref_doc_id}, lambda row: row.fields.get(_DOCUMENT) == ref_doc_id
        )
        self._store.remove(row for row, _ in found)

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Delete the nodes with these ids that pass filters; none if neither is given."""
        if node_ids is not None or filters is not None:
            self._store.remove(row for row, _ in self._matching(node_ids, None, filters))

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """The nodes with these ids that pass filters."""
        return [_node(content) for _, content in self._matching(node_ids, None, filters)]

    def clear(self) -> None:
        """Delete all nodes."""
        self._store.remove(self._store.rows_of(None))

    def query(self, query: VectorStoreQuery, **_: Any) -> VectorStoreQueryResult:  # noqa: ANN401
        """The nodes nearest to the text of a query, else to its vector, with their cosines.

        Raises:
            ValueError: The mode of the query is not the default one, or it has neither.
        """
        if query.mode != VectorStoreQueryMode.DEFAULT:
            raise ValueError(f"LlamaIndexVectorStore has no query mode {query.mode}")
        text: Any = query.query_str
        if not text:
            if query.query_embedding is None:
                raise ValueError("a query needs a text or a vector")
            text = np.asarray(query.query_embedding, np.float32)
        rows = None
        # An index of LlamaIndex gives empty lists for all nodes.
        node_ids, documents = query.node_ids or None, query.doc_ids or None
        if node_ids or documents or query.filters is not None:
            rows = [row for row, _ in self._matching(node_ids, documents, query.filters)]
        hits = self._store.search(text, query.similarity_top_k, rows=rows)
        return VectorStoreQueryResult(
            nodes=[_node(hit) for hit in hits],
            similarities=[hit.cosine for hit in hits],
            ids=[str(hit.id) for hit in hits],
        )

    def _matching(
        self,
        node_ids: list[str] | None,
        documents: list[str] | None,
        filters: MetadataFilters | None,
    ) -> list[tuple[int, IndexRow]]:
        """The rows of nodes that pass all conditions, None for no condition, and their contents."""
        conditions = [] if documents is None else [(_DOCUMENT, "in", documents)]
        if filters is not None and filters.condition in (None, FilterCondition.AND):
            named = (part for part in filters.filters if not isinstance(part, MetadataFilters))
            conditions += [(part.key, part.operator.value, part.value) for part in named]

        def matches(row: IndexRow) -> bool:
            passes = build_metadata_filter_fn(lambda _: row.fields, filters)
            return (
                (node_ids is None or row.id in node_ids)
                and (documents is None or row.fields.get(_DOCUMENT) in documents)
                and bool(passes(""))
            )

        return self._store.matching(necessary_values(conditions), matches)


def _node(row: Any) -> BaseNode:  # noqa: ANN401 - IndexRow or IndexHit
    return metadata_dict_to_node(dict(row.fields), text=row.text)
