"""The axiomatic layer (floor 5): Figs. 15-17 and 23. Models are text (`models/*.cat`, whose language
litmus/MODELS.md describes); what the text means (base relations, Fig. 15's auxiliaries, wait queues) is Python."""

from semantics.axioms.loading import ALIASES, DEFAULT, load_model, shipped_models
from semantics.axioms.violation import Violation

__all__ = ["ALIASES", "DEFAULT", "Violation", "load_model", "shipped_models"]
