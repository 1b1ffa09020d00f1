"""Preflight: the data that a graph names, held against the graph before training starts."""
