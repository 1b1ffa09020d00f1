"""Modules of our own for phonograph."""
