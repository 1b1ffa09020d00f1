"""Views as files that run without phonograph: ONNX, and programs of PyTorch."""
