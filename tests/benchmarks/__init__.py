"""Timings: `python -m tests.benchmarks` prints the tables of families."""
