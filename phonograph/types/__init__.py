"""What may flow along a wire: kinds, axes, terms, ports, vocabularies; and who declares it."""
