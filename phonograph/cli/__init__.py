"""The command line, `phonograph ...`: the only place that prints."""
