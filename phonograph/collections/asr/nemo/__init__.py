"""Read `.nemo` checkpoints as graphs of our own modules, without the framework that wrote them."""
