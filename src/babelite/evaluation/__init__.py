"""Evaluation protocols: retrieval, mining, alignment, similarity and classification."""

from babelite.evaluation.alignment_scores import AlignmentScores, score_alignment
from babelite.evaluation.bucc import halves, mining_curve
from babelite.evaluation.datasets import read_sib200_parallel, read_sts
from babelite.evaluation.figures.retrieval_figure import retrieval_figure
from babelite.evaluation.figures.threshold_figure import curve_figure, estimate_figure
from babelite.evaluation.figures.zero_shot_figure import classification_figure, headline
from babelite.evaluation.intervals import Estimate
from babelite.evaluation.label_scores import label_scores
from babelite.evaluation.labelled_sets import LabelledSet, read_labelled_set, read_sib200_topics
from babelite.evaluation.model_report import Picture, data_address, report_environment, write_report
from babelite.evaluation.multiway import evaluate_multiway
from babelite.evaluation.protocols import RetrievalTask, all_against_all, muse
from babelite.evaluation.retrieval import RetrievalResult, evaluate, precision_at_1
from babelite.evaluation.significance import Difference, holm, paired_bootstrap, paired_bootstrap_of
from babelite.evaluation.similarity import (
    ScoredPair,
    cross_lingual,
    evaluate_similarity,
    mean_ranks,
    pair_cosines,
    spearman,
)
from babelite.evaluation.zero_shot import LabelledCorpus, evaluate_classification
from babelite.evaluation.zero_shot_result import ClassificationResult, TransferScore, deviation

__all__ = [
    "AlignmentScores",
    "ClassificationResult",
    "Difference",
    "Estimate",
    "LabelledCorpus",
    "LabelledSet",
    "Picture",
    "RetrievalResult",
    "RetrievalTask",
    "ScoredPair",
    "TransferScore",
    "all_against_all",
    "classification_figure",
    "cross_lingual",
    "curve_figure",
    "data_address",
    "deviation",
    "estimate_figure",
    "evaluate",
    "evaluate_classification",
    "evaluate_multiway",
    "evaluate_similarity",
    "halves",
    "headline",
    "holm",
    "label_scores",
    "mean_ranks",
    "mining_curve",
    "muse",
    "pair_cosines",
    "paired_bootstrap",
    "paired_bootstrap_of",
    "precision_at_1",
    "read_labelled_set",
    "read_sib200_parallel",
    "read_sib200_topics",
    "read_sts",
    "report_environment",
    "retrieval_figure",
    "score_alignment",
    "spearman",
    "write_report",
]
