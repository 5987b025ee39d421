"""Export of a trained network to a model folder: ONNX graphs and quantization."""
