"""Every rule file, loaded: `RULES` by name, `REDEXES` by instruction class."""

from semantics.reduction import (
    base_bulk,
    base_control,
    base_memory,
    base_numeric,
    base_reference,
    base_variables,
    fig04_globals,
    fig05_tables,
    fig06_table_growth,
    fig07_functions,
    fig08_memory,
    fig09_memory_growth,
    fig10_threads,
    fig11_global,
    fig22_instantiation,
)
from semantics.reduction.registry import REDEXES, RULES, Rule

FILES = (
    fig04_globals,
    fig05_tables,
    fig06_table_growth,
    fig07_functions,
    fig08_memory,
    fig09_memory_growth,
    fig10_threads,
    fig11_global,
    fig22_instantiation,
    base_control,
    base_variables,
    base_numeric,
    base_reference,
    base_memory,
    base_bulk,
)
"""The files of rules, figures first."""

__all__ = ["FILES", "REDEXES", "RULES", "Rule"]
