"""Text in files: reading and writing common formats, gathering, cleaning, splitting.

Names are imported on first use: reading plain text needs no numpy.
"""

from typing import TYPE_CHECKING

__all__ = [
    "INVISIBLE_CHARACTERS",
    "TABLE_FORMATS",
    "TRANSLATION_FORMATS",
    "Cleaner",
    "Cleaning",
    "CorpusStatistics",
    "Document",
    "HashSet",
    "LabelledText",
    "LanguageIdentifier",
    "LanguageModel",
    "Losses",
    "MonolingualSource",
    "OutputFormat",
    "Pair",
    "PairRow",
    "PairSource",
    "PairTable",
    "Record",
    "RepeatedSources",
    "SentenceSource",
    "SourceSurvey",
    "SurveyedRows",
    "TableSource",
    "TextRow",
    "WeightedPair",
    "WeightedSentence",
    "base_language",
    "can_identify_languages",
    "comparison_key",
    "count_words",
    "gather_catalog_pairs",
    "hash_texts",
    "hold_out_texts",
    "language_warning",
    "languages_in_names",
    "measure_corpus",
    "names_one_language",
    "normalize_text",
    "numbers_differ",
    "one_line",
    "output_format",
    "paired_files",
    "parse_language_pair",
    "parse_monolingual_source",
    "parse_source",
    "read_document",
    "read_labelled",
    "read_sources",
    "read_texts",
    "require_distinct_names",
    "require_language_codes",
    "require_pairs",
    "sample_pairs",
    "split_at_punctuation",
    "split_language_prefix",
    "split_pairs",
    "split_sentences",
    "unreadable_warning",
    "without_held_out",
    "write_pairs",
    "write_records",
]

if TYPE_CHECKING:
    from babelite.corpus.catalogs.gather import gather_catalog_pairs
    from babelite.corpus.cleaning import Cleaner, Cleaning
    from babelite.corpus.documents import Document, read_document
    from babelite.corpus.folder_pairs import paired_files
    from babelite.corpus.formats.registry import read_texts, write_pairs
    from babelite.corpus.formats.translation_writers import require_language_codes
    from babelite.corpus.hash_set import HashSet, hash_texts
    from babelite.corpus.labelled import LabelledText, hold_out_texts, read_labelled
    from babelite.corpus.language_id import LanguageIdentifier, can_identify_languages
    from babelite.corpus.language_warnings import (
        LanguageModel,
        language_warning,
        unreadable_warning,
    )
    from babelite.corpus.languages import (
        base_language,
        languages_in_names,
        parse_language_pair,
        split_language_prefix,
    )
    from babelite.corpus.losses import Losses
    from babelite.corpus.monolingual import (
        MonolingualSource,
        WeightedSentence,
        names_one_language,
        parse_monolingual_source,
    )
    from babelite.corpus.normalization import (
        INVISIBLE_CHARACTERS,
        comparison_key,
        count_words,
        normalize_text,
        one_line,
    )
    from babelite.corpus.numbers import numbers_differ
    from babelite.corpus.output_formats import (
        TABLE_FORMATS,
        TRANSLATION_FORMATS,
        OutputFormat,
        output_format,
    )
    from babelite.corpus.pair_table import PairRow, PairTable
    from babelite.corpus.pairs import Pair, WeightedPair
    from babelite.corpus.record_files import Record, write_records
    from babelite.corpus.sentence_splitting import split_at_punctuation, split_sentences
    from babelite.corpus.sentences import SentenceSource, require_distinct_names
    from babelite.corpus.source_survey import SourceSurvey, SurveyedRows
    from babelite.corpus.sources import (
        PairSource,
        RepeatedSources,
        parse_source,
        read_sources,
        require_pairs,
    )
    from babelite.corpus.splitting import sample_pairs, split_pairs, without_held_out
    from babelite.corpus.statistics import CorpusStatistics, measure_corpus
    from babelite.corpus.text_rows import TableSource, TextRow
else:
    from babelite import lazy_exports

    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "catalogs.gather": "gather_catalog_pairs",
            "cleaning": "Cleaner Cleaning",
            "documents": "Document read_document",
            "formats.registry": "read_texts write_pairs",
            "formats.translation_writers": "require_language_codes",
            "hash_set": "HashSet hash_texts",
            "labelled": "LabelledText hold_out_texts read_labelled",
            "language_id": "LanguageIdentifier can_identify_languages",
            "language_warnings": "LanguageModel language_warning unreadable_warning",
            "languages": "base_language languages_in_names parse_language_pair "
            "split_language_prefix",
            "losses": "Losses",
            "monolingual": "MonolingualSource WeightedSentence names_one_language "
            "parse_monolingual_source",
            "normalization": "INVISIBLE_CHARACTERS comparison_key count_words normalize_text "
            "one_line",
            "numbers": "numbers_differ",
            "output_formats": "TABLE_FORMATS TRANSLATION_FORMATS OutputFormat output_format",
            "folder_pairs": "paired_files",
            "pairs": "Pair WeightedPair",
            "record_files": "Record write_records",
            "sentence_splitting": "split_at_punctuation split_sentences",
            "sentences": "SentenceSource require_distinct_names",
            "source_survey": "SourceSurvey SurveyedRows",
            "sources": "PairSource RepeatedSources parse_source read_sources require_pairs",
            "splitting": "sample_pairs split_pairs without_held_out",
            "statistics": "CorpusStatistics measure_corpus",
            "text_rows": "TableSource TextRow",
            "pair_table": "PairRow PairTable",
        },
    )
