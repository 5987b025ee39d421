"""Initial encoder of ``--start``: its vocabulary, sizes and weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import onnx
import torch
from torch import Tensor

from babelite.encoding import DEFAULT_MODEL, DEFAULT_MODEL_NAME, ModelFolder, read_model_folder
from babelite.errors import BabeliteError
from babelite.training.export.graph_weights import read_graph_weights
from babelite.training.loop.checkpoints import load_weights
from babelite.training.network.transformer import DualTransformer, NetworkShape


@dataclass(frozen=True)
class InitialEncoder:
    """An encoder that training starts from."""

    folder: ModelFolder

    def sizes(self) -> dict[str, int]:
        """The sizes of the encoder, as training settings."""
        config = self.folder.config()
        if config.get("activation") != "silu":
            raise BabeliteError(
                f"describes an encoder with the activation {config.get('activation')}, not silu",
                code="model-invalid",
                path=self.folder.path,
                hint="start from an encoder that `babelite train` trained",
            )
        return asdict(NetworkShape.from_distilbert(config))

    def load_into(self, network: DualTransformer) -> None:
        """Load the encoder's weights into a network of the same sizes."""
        network.load_state_dict(self._weights())

    def interpolate_into(self, network: DualTransformer, share: float) -> None:
        """Average the weights of a trained network with the encoder's, whose weight is `share`.

        The averaged network keeps much of what each is good at (Wortsman et al., 2022, "Robust
        fine-tuning of zero-shot models").
        """
        trained = network.state_dict()
        mean = {
            name: torch.lerp(trained[name], weight.to(trained[name]), share)
            for name, weight in self._weights().items()
        }
        network.load_state_dict(mean)

    def _weights(self) -> dict[str, Tensor]:
        """Its weights; those of an 8-bit graph, dequantized, if there is no weight file."""
        if weights := self.folder.weights():
            return load_weights(weights)[0]
        graph = self.folder.graph(self.folder.precisions[0])
        found = read_graph_weights(onnx.load(graph))
        return {name: torch.from_numpy(value) for name, value in found.items()}


def open_initial_encoder(name: str) -> InitialEncoder:
    """Open a model folder, or the packaged model (``babelite``), as an initial encoder."""
    return InitialEncoder(read_model_folder(DEFAULT_MODEL if name == DEFAULT_MODEL_NAME else name))
