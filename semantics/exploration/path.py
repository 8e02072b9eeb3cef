"""The state of one path of a thread under unfolding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from semantics.execution.structure import Touch
from semantics.exploration.held import Content, Units, store
from semantics.exploration.linking import Call, Planned
from semantics.runtime.actions import Location, Payload, Region
from semantics.runtime.configuration import Configuration, Ending, Label, Value
from semantics.terms import Sym, Term, evaluate, negate, symbols
from semantics.terms.term import App


class Seen(NamedTuple):
    """A visit of a loop's head: the configuration, how many effects and notifies the path had then, and its events
    and forks, by which silent iterations are told, and its yields; `fresh`: its turn had just begun."""

    config: Configuration
    effects: int
    notifies: int
    visible: int
    yields: int
    fresh: bool


class Head(NamedTuple):
    """A loop that is open on the path: its label, the visits of its head since the last effect, the number of
    iterations that count for the bound, and the locals whose difference must not stop the next drop (see spin)."""

    label: Label
    visits: tuple[Seen, ...]
    iterations: int = 0
    granted: frozenset[int] = frozenset()


@dataclass(slots=True)
class Path:
    """One path. `held` are the contents that this path alone determines, `owned` those regions of it that no other
    path shares; `facts` maps conditions to their truth and terms to their values, as decided on the path; `effects`
    counts events that a spinning iteration must not have, `visible` events and forks."""

    thread: int
    node: int
    planned: Planned
    position: int = 0
    config: Configuration | None = None
    call: Call | None = None
    registers: dict[str, Term] = field(default_factory=dict)
    held: dict[Region, Content] = field(default_factory=dict)
    owned: set[Region] = field(default_factory=set)
    facts: dict[Term, int] = field(default_factory=dict)
    conditions: tuple[Term, ...] = ()
    heads: tuple[Head, ...] = ()
    effects: int = 0
    visible: int = 0
    yields: tuple[int, ...] = ()  # `visible` before each
    begun: int = -1  # `visible` when its turn began
    notifies: tuple[Sym, ...] = ()
    limits: dict[Sym, Term] = field(default_factory=dict)  # of the notifies
    suspension: int = 0  # the WAIT, NOTIFY or SPAWN event of the pending administrative instruction
    children: dict[str, int] = field(default_factory=dict)  # host threads that may be joined, by name
    traps: dict[str, str] = field(default_factory=dict)  # why commands trapped, by trap register
    forks: int = 0
    number: int = 0  # what its creator calls its thread
    touched: Mapping[int, Touch] = field(default_factory=dict)  # the first access to each local object; never changed
    ending: Ending | None = None  # where others may see how the thread ends
    outcome: tuple[Value, ...] = ()  # the results of the last command
    taken: Mapping[str, int] = field(default_factory=dict)  # messages that went to an inbox, by sender; never changed
    exposed: bool = True  # since the last place where its thread may be killed it did what others may notice

    def fork(self, node: int, condition: tuple[Term, ...]) -> Path:
        """A path that goes on from here in another node, where `condition` holds."""
        self.owned = set()
        made = replace(
            self,
            node=node,
            registers=dict(self.registers),
            held=dict(self.held),
            owned=set(),
            facts=dict(self.facts) if self.facts or condition else {},
            children=dict(self.children),
            traps=dict(self.traps) if self.traps else {},
            limits=dict(self.limits),
            visible=self.visible + 1,
        )
        made.learn(condition)
        return made

    def learn(self, condition: tuple[Term, ...]) -> None:
        """Takes conditions for true from here on."""
        self.conditions += condition
        for term in condition:
            self._learn(term)
            if isinstance(term, App) and term.op in ("eq", "ne"):
                left, right = term.args
                if not isinstance(right, int):  # of two terms, either may stand first
                    self._learn(App(term.op, (right, left), 1, term.arg_width))
                elif term.op == "eq":
                    self.facts[left] = right

    def _learn(self, condition: Term) -> None:
        self.facts[condition] = 1
        self.facts[negate(condition)] = 0

    def value(self, term: Term) -> Term:
        """The value of a term where the path has decided it, else the term."""
        if isinstance(term, int) or not self.facts:
            return term
        found = self.facts.get(term)
        if found is not None:
            return found
        env = {s: self.facts[s] for s in symbols(term) if s in self.facts}
        return evaluate(term, env) if len(env) == len(symbols(term)) else term

    def write(self, location: Location, size: int, payload: Payload) -> None:
        """Writes to a content that the path holds."""
        region = location.region
        known = self.held.get(region)
        if isinstance(known, Units):
            if region not in self.owned:
                known = self.held[region] = known.copy()
                self.owned.add(region)
            store(region, known, location.offset, size, payload)
        else:
            self.held[region] = payload  # type: ignore[assignment]
