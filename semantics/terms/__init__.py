"""Values that may be symbolic (floor 1): literals, symbols and applications, with folding.

A literal is a plain `int`, the unsigned bit pattern; its width is known from where it stands. A `Sym` is a
value that the environment chooses (the result of a read, a choice). An `App` applies an operator to terms.
Conditions are terms of width 1. References are terms of width 32: 0 is null, n > 0 is `ref n`.
"""

from semantics.terms.fold import apply, concat, extract, negate
from semantics.terms.numerics import evaluate
from semantics.terms.term import App, Sym, Term, symbols

__all__ = ["App", "Sym", "Term", "apply", "concat", "evaluate", "extract", "negate", "symbols"]
