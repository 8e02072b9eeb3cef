"""The literals of reads-from: every cell that a read covers has a source, and the source exists."""

from __future__ import annotations

from semantics.solver.cnf import TRUE, Clauses, bits
from semantics.solver.frame import Frame


def choose_sources(frame: Frame, clauses: Clauses, *, exclusive: bool) -> None:
    """Fills `Cell.rf` for every cell. `exclusive`: at most one source; a monotone model does without, because an
    execution stays consistent when a source too many is forgotten."""
    guards, presence, branching = frame.guards, frame.presence, frame.branching
    for area in frame.areas.values():
        for segment in area.segments:
            for reader, sources in segment.sources.items():
                here, writers = guards[reader], bits(sources)
                if not writers:
                    clauses.add([-here])
                    continue
                for cell in segment.cells:
                    if len(writers) == 1:
                        literals = [here]
                    elif len(writers) == 2 and here == TRUE:
                        first = clauses.fresh()
                        literals = [first, -first]
                    else:
                        literals = [clauses.fresh() for _ in writers]
                        clauses.add([-here, *literals])
                        if exclusive:
                            clauses.at_most_one(literals)
                    for writer, literal in zip(writers, literals, strict=True):
                        cell.rf[writer, reader] = literal
                        if branching and literal != TRUE:
                            clauses.add([-literal, guards[writer]])
                            if literal != here:
                                clauses.add([-literal, here])
                                both = frame.entails[writer] | frame.entails[reader]
                                presence[literal] = presence.get(literal, 0) | both
