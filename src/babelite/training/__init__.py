"""Training encoders from parallel text: the extra ``train``."""

from importlib.util import find_spec

from babelite.errors import MissingExtraError

# Looked for, not imported: the settings can be shown without waiting for torch.
if any(find_spec(library) is None for library in ("torch", "safetensors", "onnx")):
    raise MissingExtraError("training", "train")
