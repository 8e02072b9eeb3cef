"""The memory model of ECMAScript 2018, before it was corrected, in plain Python: where it differs from Fig. 16.

A read of initial values synchronises with the block's creation, and no write of its range, of whatever order, may stand
between in memory-order (systems.md A.9, E1 and E2; D19). Waiting is no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semantics.axioms.referee import Fig16
from semantics.axioms.trace import (
    HappensBefore,
    Trace,
    additional,
    least,
    program_order,
    queues,
    same,
    sync,
    waking,
)
from semantics.axioms.violation import Violation
from semantics.execution.structure import Kind
from semantics.runtime.actions import Region
from semantics.syntax.types import Order


def steps(trace: Trace) -> HappensBefore:
    """What the order must respect in which agents take their steps: a suspended one does not go on by itself."""
    return least(trace, (edge for part in (program_order, additional, queues, waking) for edge in part(trace)))


@dataclass(frozen=True, slots=True)
class Es2018(Fig16):
    """Valid executions of ECMAScript 2018, 27.7: coherent reads, tear free reads, sequentially consistent atomics."""

    def sc_last_visible(self, r: Region, read: int, write: int) -> Iterator[Violation]:
        """W synchronizes-with R => there is no write V with the range of R and W <mo V <mo R"""
        trace = self.trace
        if not (sync(trace, r, write, read) or self._initial(r, read)):
            return
        for other in trace.writing(r):
            alike = same(trace.access[r][other], trace.access[r][read])
            if alike and trace.tot(write, other) and trace.tot(other, read):
                yield Violation("sc-atomics", (write, other, read))

    def _initial(self, r: Region, read: int) -> bool:
        """Whether a seqcst read takes all its units from initialising writes."""
        trace = self.trace
        return trace.access[r][read].order is Order.SEQCST and all(
            trace.execution.structure.events[write].kind is Kind.INIT for write in trace.sources(r, read)
        )
