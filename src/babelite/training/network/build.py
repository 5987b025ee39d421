"""The model of a training configuration: encoder, heads, and shared n-grams of the bag phase."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer

from babelite.training.config import TrainingConfig
from babelite.training.network.distillation import TeacherHeads
from babelite.training.network.ngrams import CharacterNgrams, pieces_of
from babelite.training.network.training_model import ContrastiveSettings, TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape


def build_model(
    config: TrainingConfig, vocabulary_size: int, languages: int, teacher_dims: Sequence[int] = ()
) -> TrainingModel:
    """Build an encoder with the heads of its objectives; the seed decides its weights.

    The vocabulary may have fewer pieces than the settings request, if the text is short.
    """
    torch.manual_seed(config.seed)
    shape = NetworkShape(
        vocabulary_size=vocabulary_size,
        dim=config.dim,
        layers=config.layers,
        heads=config.heads,
        hidden_dim=config.hidden_dim,
        max_tokens=config.max_tokens,
    )
    cosine = config.similarity == "cosine"
    network = DualTransformer(shape, dropout=config.dropout, identity=config.has_bag_phase)
    weights = [teacher.weight for teacher in config.teachers]
    return TrainingModel(
        network,
        config.weights,
        languages=languages,
        contrastive=ContrastiveSettings(cosine, config.temperature, config.projection),
        dropout=config.dropout,
        teachers=TeacherHeads(config.dim, teacher_dims, weights) if weights else None,
        matryoshka=config.matryoshka,
        mono_share=config.mono_share,
    )


def add_ngrams(model: TrainingModel, config: TrainingConfig, tokenizer: Tokenizer) -> None:
    """Add the character n-grams that pieces share during the bag phase, if it uses any."""
    if config.has_bag_phase and config.bag_ngrams:
        ngrams = CharacterNgrams(pieces_of(tokenizer), config.dim, config.bag_ngrams)
        model.network.ngrams = ngrams.to(model.embeddings.device)
