"""Manifests, audio files, batches, tokenizers, text normalisation: no graph, no `nn.Module`."""
