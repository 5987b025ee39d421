"""What training starts from, if not from chance: the vocabulary and the weights of an encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import onnx
import torch
from torch import Tensor

from babelite.encoding import (
    DEFAULT_MODEL,
    DEFAULT_MODEL_NAME,
    ModelFolder,
    read_model_folder,
)
from babelite.errors import BabeliteError
from babelite.training.export.graph_weights import read_graph_weights
from babelite.training.loop.checkpoints import load_weights
from babelite.training.network.transformer import DualTransformer, NetworkShape


@dataclass(frozen=True)
class InitialEncoder:
    """An encoder to start from.

    Attributes:
        folder: Its model folder.
    """

    folder: ModelFolder

    def sizes(self) -> dict[str, int]:
        """The settings of training that are those of the encoder.

        Raises:
            BabeliteError: It is an encoder of another kind than those that are trained here.
        """
        config = self.folder.config()
        if config.get("activation") != "silu":
            raise BabeliteError(
                f"is of an encoder with the activation {config.get('activation')}",
                path=self.folder.path,
                hint="start from an encoder that `babelite train` made",
            )
        return asdict(NetworkShape.from_distilbert(config))

    def tokenizer(self) -> str:
        """The vocabulary, as JSON of `tokenizers`."""
        return self.folder.tokenizer_json()

    def load_into(self, network: DualTransformer) -> None:
        """Put the encoder's weights into a network of the same sizes."""
        network.load_state_dict(self._weights())

    def interpolate_into(self, network: DualTransformer, share: float) -> None:
        """Make a network trained from here the mean of itself and the encoder.

        Two networks of which one was trained from the other can be averaged weight by weight: the
        mean keeps much of what each is good at (Wortsman et al., 2022, "Robust fine-tuning of
        zero-shot models").

        Args:
            network: The trained network.
            share: The encoder's share in the mean, from 0 to 1.
        """
        trained = network.state_dict()
        mean = {
            name: torch.lerp(trained[name], weight.to(trained[name]), share)
            for name, weight in self._weights().items()
        }
        network.load_state_dict(mean)

    def _weights(self) -> dict[str, Tensor]:
        """Its weights; without float32 ones, as in the packaged one, what the 8 bits stand for."""
        if weights := self.folder.weights():
            return load_weights(weights)[0]
        graph = self.folder.graph(self.folder.precisions[0])
        found = read_graph_weights(onnx.load(graph))
        return {name: torch.from_numpy(value) for name, value in found.items()}


def open_initial_encoder(name: str) -> InitialEncoder:
    """Find an encoder to start from.

    Args:
        name: A model folder, or ``babelite`` for the encoder that the package carries.

    Raises:
        BabeliteError: The folder holds no finished model.
    """
    return InitialEncoder(read_model_folder(DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else name))
