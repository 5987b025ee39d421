"""An index as a store of other frameworks; each needs the extra of its name."""

from typing import TYPE_CHECKING

__all__ = [
    "LangChainEmbeddings",
    "LangChainVectorStore",
]

if TYPE_CHECKING:
    from babelite.integrations.langchain import LangChainEmbeddings, LangChainVectorStore
else:
    from babelite import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "langchain": "LangChainEmbeddings LangChainVectorStore",
        },
    )
