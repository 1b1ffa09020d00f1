"""From a YAML graph to a proved, compiled, saved model: read, solve, compile, draw, bundle."""
