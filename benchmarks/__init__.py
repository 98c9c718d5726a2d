"""Measurements behind the numbers in the docs; run each with `python -m benchmarks.<name>`."""
