"""An index as a store of LangChain, Haystack and LlamaIndex; each needs the extra of its name."""

from typing import TYPE_CHECKING

__all__ = [
    "HaystackDocumentStore",
    "HaystackRetriever",
    "LangChainEmbeddings",
    "LangChainVectorStore",
    "LlamaIndexEmbedding",
    "LlamaIndexVectorStore",
]

if TYPE_CHECKING:
    from babelite.integrations.haystack import HaystackDocumentStore, HaystackRetriever
    from babelite.integrations.langchain import LangChainEmbeddings, LangChainVectorStore
    from babelite.integrations.llama_index import LlamaIndexEmbedding, LlamaIndexVectorStore
else:
    from babelite import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "haystack": "HaystackDocumentStore HaystackRetriever",
            "langchain": "LangChainEmbeddings LangChainVectorStore",
            "llama_index": "LlamaIndexEmbedding LlamaIndexVectorStore",
        },
    )
