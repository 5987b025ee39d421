"""An index as a document store of Haystack, and a retriever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babelite.encoding import SentenceEncoder
from babelite.errors import requires_extra
from babelite.index import IndexRow
from babelite.integrations.index_folder import IndexFolder, necessary_values

with requires_extra("HaystackDocumentStore", "haystack"):
    from haystack import component, default_from_dict, default_to_dict
    from haystack.dataclasses import Document
    from haystack.document_stores.errors import DuplicateDocumentError
    from haystack.document_stores.types import DuplicatePolicy
    from haystack.utils.filters import document_matches_filter

_META = "meta."


class HaystackDocumentStore:
    """An index as a document store of Haystack.

    The index encodes the text of a document; an embedding of the document is not stored. Documents
    need text. Metadata are values of JSON.

    Args:
        folder: The folder of the index; created when the first documents are written.
        encoder: An encoder, or the argument of `babelite.open_encoder`, with which a store that
            was read from a pipeline file opens. Default: the encoder of an existing index, else the
            packaged model.

    Raises:
        BabeliteError: The folder contains something else, or the index has another encoder.
    """

    def __init__(self, folder: str | Path, encoder: SentenceEncoder | str | None = None) -> None:
        self._folder = IndexFolder(folder, encoder)

    def to_dict(self) -> dict[str, Any]:
        """The store in a pipeline file."""
        folder, spec = str(self._folder.folder), self._folder.spec
        data: dict[str, Any] = default_to_dict(self, folder=folder, encoder=spec)
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HaystackDocumentStore:
        """The store of a pipeline file."""
        store: HaystackDocumentStore = default_from_dict(cls, data)
        return store

    def count_documents(self) -> int:
        """The number of documents."""
        return len(self._folder)

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """The documents that pass Haystack's filters, or all."""
        return [document for _, document in self._matching(filters)]

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Write documents; the default policy is FAIL.

        Returns:
            The number of documents written.

        Raises:
            ValueError: Something else than a list of documents was given.
            DuplicateDocumentError: An id exists or occurs twice; nothing is written.
            BabeliteError: A document has no text.
        """
        if not isinstance(documents, list) or not all(isinstance(d, Document) for d in documents):
            raise ValueError("give a list of documents")
        known = {row.id for row in self._folder.get([document.id for document in documents])}
        chosen: dict[str, Document] = {}
        for document in documents:
            if policy != DuplicatePolicy.OVERWRITE and document.id in {*known, *chosen}:
                if policy != DuplicatePolicy.SKIP:
                    raise DuplicateDocumentError(f"the id {document.id!r} exists already")
                continue
            chosen[document.id] = document
        self._folder.add([IndexRow(d.content or "", d.id, d.meta) for d in chosen.values()])
        return len(documents) if policy == DuplicatePolicy.OVERWRITE else len(chosen)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents; ids that do not exist are ignored."""
        self._folder.remove(self._folder.rows_of(document_ids))

    def delete_all_documents(self) -> None:
        """Delete all documents."""
        self._folder.remove(self._folder.rows_of(None))

    def search(
        self,
        query: str,
        top_k: int = 10,
        filters: dict[str, Any] | None = None,
        min_score: float | None = None,
    ) -> list[Document]:
        """The documents nearest to a query, best first; their score is the cosine."""
        rows = [row for row, _ in self._matching(filters)] if filters else None
        hits = self._folder.search(query, top_k, rows=rows, min_score=min_score)
        return [_document(hit, hit.cosine) for hit in hits]

    def _matching(self, filters: dict[str, Any] | None) -> list[tuple[int, Document]]:
        """The rows and documents that pass filters."""
        found = self._folder.matching(
            necessary_values(_conditions(filters or {})),
            lambda row: not filters or document_matches_filter(filters, _document(row)),
        )
        return [(row, _document(content)) for row, content in found]


@component
class HaystackRetriever:
    """Retrieves documents of a `HaystackDocumentStore` by the meaning of a query.

    Args:
        document_store: The store.
        filters: Haystack's filters, if a run gives no others.
        top_k: The number of documents, if a run gives no other.
        min_score: Documents with a lower cosine are left out.
    """

    def __init__(
        self,
        document_store: HaystackDocumentStore,
        filters: dict[str, Any] | None = None,
        top_k: int = 10,
        min_score: float | None = None,
    ) -> None:
        self.document_store, self.filters = document_store, filters
        self.top_k, self.min_score = top_k, min_score

    def to_dict(self) -> dict[str, Any]:
        """The retriever in a pipeline file."""
        data: dict[str, Any] = default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            min_score=self.min_score,
        )
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HaystackRetriever:
        """The retriever of a pipeline file."""
        values = dict(data["init_parameters"])
        values["document_store"] = HaystackDocumentStore.from_dict(values["document_store"])
        retriever: HaystackRetriever = default_from_dict(cls, {**data, "init_parameters": values})
        return retriever

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """The documents nearest to a query, best first."""
        chosen = self.filters if filters is None else filters
        count = self.top_k if top_k is None else top_k
        return {"documents": self.document_store.search(query, count, chosen, self.min_score)}


def _document(row: Any, score: float | None = None) -> Document:  # noqa: ANN401 - or IndexHit
    return Document(id=row.id or "", content=row.text, meta=dict(row.fields), score=score)


def _conditions(filters: dict[str, Any]) -> list[tuple[str, str, object]]:
    """Field, operator and value of comparisons that must all hold."""
    parts = filters.get("conditions") if filters.get("operator") == "AND" else [filters]
    found = []
    for part in parts if isinstance(parts, list) else ():
        name, operator = str(part.get("field", "")), str(part.get("operator", ""))
        if name.startswith(_META) and "." not in name.removeprefix(_META):
            found.append((name.removeprefix(_META), operator, part.get("value")))
    return found
