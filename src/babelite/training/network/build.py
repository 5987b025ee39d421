"""The model of a training configuration: encoder, heads, and shared n-grams of the bag phase."""

from __future__ import annotations

import torch
from tokenizers import Tokenizer

from babelite.training.config import TrainingConfig
from babelite.training.network.ngrams import CharacterNgrams, pieces_of
from babelite.training.network.training_model import ContrastiveSettings, TrainingModel
from babelite.training.network.transformer import DualTransformer, NetworkShape


def build_model(config: TrainingConfig, vocabulary_size: int, languages: int) -> TrainingModel:
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
    return TrainingModel(
        DualTransformer(shape, dropout=config.dropout, identity=config.has_bag_phase),
        config.weights,
        languages=languages,
        contrastive=ContrastiveSettings(cosine, config.temperature, config.projection),
        dropout=config.dropout,
    )


def add_ngrams(model: TrainingModel, config: TrainingConfig, tokenizer: Tokenizer) -> None:
    """Add the character n-grams that pieces share during the bag phase, if it uses any."""
    if config.has_bag_phase and config.bag_ngrams:
        ngrams = CharacterNgrams(pieces_of(tokenizer), config.dim, config.bag_ngrams)
        model.network.ngrams = ngrams.to(model.embeddings.device)
