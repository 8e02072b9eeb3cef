"""An event structure and a model as clauses: guards, reads-from, values, suspensions, checks, observables."""

from __future__ import annotations

from semantics.axioms.model import Model
from semantics.execution.candidate import CandidateExecution
from semantics.execution.outcomes import Proposition
from semantics.execution.structure import EventStructure
from semantics.solver.checks import Checks, prune, queue_order
from semantics.solver.closures import Demands
from semantics.solver.cnf import FALSE, TRUE, Clauses, bits
from semantics.solver.deadline import Deadline
from semantics.solver.decoding import decode
from semantics.solver.evaluation import Evaluation
from semantics.solver.frame import Area, Frame, Segment
from semantics.solver.observables import Observables
from semantics.solver.orbits import Member, ascending, members, unmoved
from semantics.solver.orders import Order
from semantics.solver.plans import plan_of
from semantics.solver.relations import NOTHING
from semantics.solver.sat import Answer, Sat
from semantics.solver.suspensions import Suspensions
from semantics.solver.symmetry import LEAST, interchangeable
from semantics.solver.values import OTHER, Domains, Values
from semantics.terms import Sym, symbols

QUICK = 300_000
"""What is spent on a question before symmetry is brought to it: some hundredths of a second."""


class Encoding:
    """The formula. With `named`, every check and linearisation holds only under its selector in `selectors`, and
    nothing is decided beforehand by them. Raises DomainTooLarge where values cannot be tabulated."""

    def __init__(self, structure: EventStructure, model: Model, deadline: Deadline, *, named: bool = False) -> None:
        """Builds all clauses. Raises TimeoutError where the deadline passes meanwhile."""
        self.structure = structure
        self.plan = plan = plan_of(model)
        self.clauses = clauses = Clauses()
        self.frame = frame = Frame(structure, clauses)
        self.demands = demands = Demands(clauses)
        before = Evaluation(frame, plan, demands, None)
        if plan.monotone and not named:
            prune(before)
        self.domains = Domains(frame, deadline, merging=plan.monotone)
        self.values = values = Values(frame, self.domains, clauses, exclusive=not plan.monotone)
        known = queue_order(before) if plan.monotone and not named else NOTHING
        self.suspensions = Suspensions(frame, demands, plan.waiting, known)
        self.evaluation = Evaluation(frame, plan, demands, self.suspensions.relations())
        self.evaluation.adopt(before)
        self.checks = checks = Checks(self.evaluation, demands, named=named)
        checks.collect()
        deadline.check()
        self.suspensions.emit(values)
        values.finish()
        self.selectors = checks.emit_all()
        deadline.check()
        self.suspensions.finish()
        self.observables = Observables(frame, values, clauses)
        self.sat = Sat(clauses, deadline)
        self._alike: list[list[str]] | None = None

    def thin_air(self) -> int:
        """The literal of "some value is out of the tables", FALSE where that cannot be."""
        cyclic, upstream = self.domains.cyclic, self.domains.upstream
        reads = {symbol: reader for _, reader, symbol in self.domains.reads}
        others = {}
        for symbol in cyclic:
            other = self.values.symbol(symbol).get(OTHER, FALSE)
            others[symbol] = self.clauses.all_of([other, self.frame.guards[reads[symbol]]])
        for order in [*self.evaluation.orders.values(), *self.checks.acyclic] if cyclic else []:
            ordered = self._ordered_values(order)
            for symbol in [s for s in others if upstream[s] <= ordered]:
                self.clauses.add([-others.pop(symbol)])
        return self.clauses.any_of(list(others.values()))

    def possibly(self, thin: int) -> Answer:
        """Whether some value may be out of the tables. (What a cut path shows means nothing: no symmetry there.)"""
        return self.check_up_to([] if self.uncut() else self.alike(), [thin])

    def _ordered_values(self, order: Order) -> set[Sym]:
        """The symbols on value cycles of which an order contains every step towards them, so that none can close
        among them: from the read whose value is written to the write, and from the write to the read that takes it."""
        cyclic = self.domains.cyclic
        ordered = set(cyclic)
        for area, reader, symbol in self.domains.reads:
            if symbol in cyclic:
                for segment in area.read_by(reader):
                    if not all(
                        self._ordered_step(order, area, segment, w, reader) for w in bits(segment.sources[reader])
                    ):
                        ordered.discard(symbol)
        return ordered

    def _ordered_step(self, order: Order, area: Area, segment: Segment, writer: int, reader: int) -> bool:
        fed = symbols(self.domains.part(area, writer, segment)) & self.domains.cyclic
        for origin in (self.structure.symbols[s].event for s in fed):
            if origin is None or (origin != writer and not order.must.get(origin, 0) >> writer & 1):
                return False
        implied = order.given.when(writer, reader) if fed else ()
        return not fed or all(any(way <= {cell.rf[writer, reader]} for way in implied) for cell in segment.cells)

    def uncut(self) -> list[int]:
        """What to assume where outcomes are meant."""
        cut = self.observables.cut
        return [] if cut == FALSE else [-cut]

    def proposition(self, p: Proposition) -> int:
        """A literal equivalent to a proposition."""
        return self.observables.proposition(p)

    def check(self, claims: list[int]) -> Answer:
        """Whether some execution satisfies the claims."""
        return self.sat.check(claims)

    def check_up_to(self, alike: list[list[Member]], claims: list[int]) -> Answer:
        """As `check`, where nothing in the claims tells the threads of each class in `alike` apart. Unless the answer
        comes quickly, their order is fixed."""
        if alike:
            answer = self.sat.check(claims, QUICK)
            if answer is not Answer.UNKNOWN:
                return answer
            claims = [*claims, self.ascending(alike)]
        return self.sat.check(claims)

    def alike(self, p: Proposition | None = None) -> list[list[Member]]:
        """Classes of interchangeable threads, which the proposition does not tell apart either."""
        if self._alike is None:
            threads = self.structure.threads
            found = interchangeable(self.structure, self.plan)
            self._alike = [[threads[t].name for t in threads_alike] for threads_alike in found]
        names = self._alike if p is None else [part for c in self._alike for part in unmoved(p, c)]
        classes = [part for c in names if len(c) >= LEAST for part in members(self.observables, c)]
        return [part for part in classes if len(part) >= LEAST]

    def ascending(self, classes: list[list[Member]]) -> int:
        """The literal of "what the threads of each class show ascends"."""
        return ascending(self.clauses, classes)

    def execution(self) -> CandidateExecution:
        """The execution that the last check found."""
        return decode(self, self.sat.model())

    def cut(self) -> int:
        """Some path was cut by a bound."""
        return self.observables.cut

    def value(self, symbol: Sym, holds: set[int]) -> int:
        """The value of a symbol in a model, given as its true literals; 0 where it has none."""
        for value, literal in self.values.symbol(symbol).items():
            if literal == TRUE or literal in holds:
                return value
        return 0
