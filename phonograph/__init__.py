"""Conversational-AI systems written as proved graphs of typed neural modules."""

__version__ = "0.1.0"
