"""Mutants of good input: every one must end in a verdict or a diagnostic, in bounded time and memory.

`python -m tests.fuzz --help` runs as many as it is told; the tests run a few, the same each time.
"""
