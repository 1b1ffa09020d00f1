"""The layer for serving bundles; it has no servers yet."""
