"""How states are spelled, with threads by name (for people) or by number (for herd's tools)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from litmus.checking.result import Subject
from litmus.language import Condition, show_condition
from semantics.execution.outcomes import And, HasStatus, Not, Observable, Or, Outcome, Proposition
from semantics.execution.structure import Status
from semantics.text.printer import show_float


@dataclass(frozen=True, slots=True)
class Names:
    """Spells for one test; `numbers` gives the host's threads by their number in the order of declaration; `floats` are
    the observables that are floats, with their width."""

    threads: tuple[str, ...]
    numbers: bool = False
    floats: Mapping[Observable, int] = field(default_factory=dict)

    @classmethod
    def of(cls, subject: Subject, *, numbers: bool = False) -> Names:
        """The spelling of a result's subject."""
        return cls(subject.threads, numbers, subject.floats)

    def thread(self, name: str) -> str:
        """A thread's name, or its number."""
        return str(self.threads.index(name)) if self.numbers and name in self.threads else name

    def observable(self, observable: Observable) -> str:
        """`T0:r0`, or `[x]` for a location."""
        thread, name = observable
        return f"{self.thread(thread)}:{name}" if thread else f"[{name}]"

    def value(self, observable: Observable, value: int) -> str:
        """A float as the shortest decimal that reads as it, all else as an unsigned decimal."""
        width = self.floats.get(observable)
        return str(value) if width is None else show_float(value, width)

    def condition(self, condition: Condition) -> str:
        """A condition as herd prints it."""
        return show_condition(condition, self.thread, self.value)

    def bindings(self, outcome: Outcome, shown: Sequence[Observable], statuses: bool) -> list[str]:
        """`T0:r0=1`, ... in the order of `shown`, `none` for a register that was never set; then, where `statuses`,
        how each thread ended as `T0:status=trap`."""
        values = dict(outcome.values)
        found = [f"{self.observable(o)}={self.value(o, values[o]) if o in values else 'none'}" for o in shown]
        if statuses:
            ended = dict(outcome.statuses)
            found += [f"{self.thread(t)}:status={ended[t].value if t in ended else 'none'}" for t in self.threads]
        return found


def shows_statuses(outcomes: Sequence[Outcome], proposition: Proposition | None, threads: Sequence[str]) -> bool:
    """Whether a table needs the statuses: some thread does not end well, or the proposition speaks of one."""
    return (proposition is not None and _mentions_status(proposition)) or any(
        dict(o.statuses).get(t) is not Status.DONE for o in outcomes for t in threads
    )


def _mentions_status(p: Proposition) -> bool:
    match p:
        case HasStatus():
            return True
        case Not(operand):
            return _mentions_status(operand)
        case And(operands) | Or(operands):
            return any(map(_mentions_status, operands))
    return False
