"""From a YAML graph to a proved, compiled, saved model: read, check, solve, compile, draw, bundle."""
