"""Reduction (floor 3): Figs. 4-11 and 22, one file per figure and one function per printed row.

`RULES` is the registry; `machine` applies rules in evaluation contexts; `run` is the concrete, sequential run.
"""

from semantics.reduction.registry import Rule
from semantics.reduction.rules import RULES

__all__ = ["RULES", "Rule"]
