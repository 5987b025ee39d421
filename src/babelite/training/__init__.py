"""Training encoders from parallel text: the extra ``train``."""

from babelite.errors import MissingExtraError

try:
    import safetensors  # noqa: F401
    import torch  # noqa: F401
except ImportError as error:
    raise MissingExtraError("training", "train") from error
