"""What may flow along a wire: kinds, axes, terms, ports, vocabularies, and the registry of modules."""
