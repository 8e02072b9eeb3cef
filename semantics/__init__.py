"""weft's formal semantics of concurrent WebAssembly.

Two layers, after "Weakening WebAssembly" (OOPSLA 2019): a small-step reduction (Figs. 2-11, 22) that
generates candidate executions, and an axiomatic memory model (Figs. 15-17, 23) that judges them.
Imports go strictly downwards; tests/test_architecture.py holds the floors.
"""
