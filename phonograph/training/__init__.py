"""Training with Lightning: the one place that knows it."""
