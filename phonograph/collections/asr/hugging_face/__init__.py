"""Read folders of Hugging Face as graphs of our own modules, without the library they are for."""
