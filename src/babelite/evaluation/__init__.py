"""Evaluation protocols: retrieval, mining, alignment, similarity and classification."""

from typing import TYPE_CHECKING

from babelite.evaluation.alignment_f1 import AlignmentScores, score_alignment
from babelite.evaluation.bootstrap_intervals import BootstrapInterval
from babelite.evaluation.bucc_mining import (
    BUCCResult,
    HiddenPairs,
    evaluate_bucc,
    hide_pairs,
    mining_precision_recall,
    random_halves,
)
from babelite.evaluation.figures.classification_figure import (
    classification_figure,
    classification_title,
)
from babelite.evaluation.figures.mining_figure import (
    estimated_precision_figure,
    precision_recall_figure,
)
from babelite.evaluation.figures.retrieval_figure import retrieval_figure
from babelite.evaluation.label_scores import label_scores
from babelite.evaluation.labelled_sets import LabelledSet, read_labelled_set
from babelite.evaluation.model_report import report_jinja_environment, write_report
from babelite.evaluation.multiway_retrieval import evaluate_multiway
from babelite.evaluation.retrieval import RetrievalResult, evaluate, margin_hits, precision_at_1
from babelite.evaluation.retrieval_protocols import RetrievalSet, all_against_all, muse_protocol
from babelite.evaluation.sib200 import SIB200_FOLDERS, read_sib200_parallel
from babelite.evaluation.significance import (
    Difference,
    holm_correction,
    paired_bootstrap,
    paired_bootstrap_statistic,
)
from babelite.evaluation.sts import (
    ScoredPair,
    cross_lingual_pairs,
    evaluate_similarity,
    pair_cosines,
    read_sts,
    resampled_spearman,
    spearman,
)
from babelite.evaluation.zero_shot_classification import LabelledCorpus, evaluate_classification
from babelite.evaluation.zero_shot_result import (
    ClassificationResult,
    TransferScore,
    sample_deviation,
)

__all__ = [
    "SIB200_FOLDERS",
    "AlignmentScores",
    "BUCCResult",
    "BootstrapInterval",
    "ClassificationResult",
    "Difference",
    "HiddenPairs",
    "LabelledCorpus",
    "LabelledSet",
    "RetrievalResult",
    "RetrievalSet",
    "ScoredPair",
    "TransferScore",
    "all_against_all",
    "classification_figure",
    "classification_title",
    "cross_lingual_pairs",
    "estimated_precision_figure",
    "evaluate",
    "evaluate_bucc",
    "evaluate_classification",
    "evaluate_multiway",
    "evaluate_similarity",
    "hide_pairs",
    "holm_correction",
    "label_scores",
    "margin_hits",
    "mining_precision_recall",
    "muse_protocol",
    "pair_cosines",
    "paired_bootstrap",
    "paired_bootstrap_statistic",
    "precision_at_1",
    "precision_recall_figure",
    "random_halves",
    "read_labelled_set",
    "read_sib200_parallel",
    "read_sts",
    "report_jinja_environment",
    "resampled_spearman",
    "retrieval_figure",
    "sample_deviation",
    "score_alignment",
    "spearman",
    "write_report",
]

if TYPE_CHECKING:
    from babelite.evaluation.mteb import MTEBEncoder as MTEBEncoder
else:
    from babelite import lazy_exports

    # Not in __all__: it needs the extra `mteb`.
    __getattr__ = lazy_exports(__name__, {"mteb": "MTEBEncoder"})[0]
