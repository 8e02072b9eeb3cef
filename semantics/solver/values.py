"""Values one-hot over finite domains that are propagated statically.

A symbol's value literals say "the symbol has this value"; where a value has one source the literal is that of the
source. Terms are tabulated over the domains of their symbols. `OTHER` stands for every value outside the domain: it is
possible only for reads on a cycle of values (a value out of thin air).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod

from semantics.execution.structure import DECIDED, Fate, Kind, Origin, deciding
from semantics.runtime.actions import BYTE, Action, Field, Fill, Image, Payload, read_value, unit, written
from semantics.solver.cnf import FALSE, TRUE, Clauses, bits
from semantics.solver.deadline import Deadline
from semantics.solver.frame import Area, Cell, Frame, Segment
from semantics.solver.sources import choose_sources
from semantics.terms import Sym, Term, concat, evaluate, extract, symbols

OTHER = -1
LIMIT = 4096
"""Most assignments that a table may have."""

Literals = dict[int, int]
"""value -> literal; the values that are possible."""


class DomainTooLarge(Exception):
    """A table would exceed `LIMIT`: the caller uses bit-vectors."""


def part(area: Area, action: Action, low: int, size: int) -> Term:
    """What a writing action puts into units [low, low + size) of its region, as one term."""
    payload: Payload = written(action)
    first = low - action.location.offset
    if area.region.field is not Field.DATA:
        return unit(area.region, payload, first)
    if isinstance(payload, Fill):
        return concat(*(payload.value,) * size)
    if isinstance(payload, Image):
        known = dict(payload.units)
        return concat(*(known.get(first + i, payload.default) for i in range(size)))
    return extract(payload, BYTE * first, BYTE * size)


class Domains:
    """The possible values of every symbol, and from them the cells that need a choice of their own."""

    def __init__(self, frame: Frame, deadline: Deadline, *, merging: bool) -> None:
        """Propagates; `merging`: bytes on whose value all sources agree need no choice. Raises DomainTooLarge, and
        TimeoutError where the deadline passes."""
        self.frame = frame
        self.deadline = deadline
        self.merging = merging
        self.of: dict[Sym, set[int]] = {}
        self.cyclic: set[Sym] = set()
        self.upstream: dict[Sym, set[Sym]] = {}  # of the cyclic ones: the cyclic ones that each depends on
        self._tables: dict[tuple[Term, int], set[int]] = {}
        self._parts: dict[tuple[int, int, int], Term] = {}
        self.reads: list[tuple[Area, int, Sym]] = []
        self._symbols()
        self._propagate()
        self._cells()

    def _symbols(self) -> None:
        structure = self.frame.structure
        waits: dict[object, int] = {}
        for event in structure.events:
            if event.kind is Kind.WAIT:
                waits[event.queue] = waits.get(event.queue, 0) + 1
        for symbol, info in structure.symbols.items():
            match info.origin:
                case Origin.READ:
                    self.of[symbol] = set()
                case Origin.FATE:
                    self.of[symbol] = {fate.value for fate in Fate}
                case Origin.COUNT:
                    assert info.event is not None
                    self.of[symbol] = set(range(waits.get(structure.events[info.event].queue, 0) + 1))
                case Origin.ENDED | Origin.OVER | Origin.WRITTEN:
                    self.of[symbol] = {0, 1}
                case Origin.CHOICE:
                    if 1 << symbol.width > LIMIT:
                        raise DomainTooLarge
                    self.of[symbol] = set(range(1 << symbol.width))
        for area in self.frame.areas.values():
            for reader in bits(area.reads):
                value = read_value(area.actions[reader])
                if isinstance(value, Sym):
                    self.reads.append((area, reader, value))

    def part(self, area: Area, writer: int, segment: Segment) -> Term:
        """What a write puts into a segment."""
        key = (writer, id(segment), 0)
        found = self._parts.get(key)
        if found is None:
            found = part(area, area.actions[writer], segment.low, segment.high - segment.low)
            self._parts[key] = found
        return found

    def values(self, term: Term) -> set[int]:
        """The possible values of a term."""
        if isinstance(term, int):
            return {term}
        if isinstance(term, Sym):
            return self.of[term]
        return {value for _, value in table(term, self.of)}

    def _propagate(self) -> None:
        feeds: dict[Sym, set[Sym]] = {}
        for area, reader, symbol in self.reads:
            feeds[symbol] = set()
            for segment in area.read_by(reader):
                for writer in bits(segment.sources[reader]):
                    feeds[symbol] |= symbols(self.part(area, writer, segment)) & self.of.keys()
        self.upstream = _on_cycles(feeds)
        self.cyclic = set(self.upstream)
        longest = max(
            map(len, self.upstream.values()), default=0
        )  # values travel through so many reads without repetition
        for _ in range(longest + 1):
            while self._round(lambda s: s not in self.cyclic):
                pass
            if not self.cyclic or not self._round(lambda s: s in self.cyclic):
                break
        while self._round(lambda s: s not in self.cyclic):
            pass

    def _round(self, wanted: object) -> bool:
        changed = False
        fresh: dict[Sym, set[int]] = {}
        for area, reader, symbol in self.reads:
            if not wanted(symbol):  # type: ignore[operator]
                continue
            self.deadline.check()
            found = self._possible(area, reader)
            if not found <= self.of[symbol]:
                fresh[symbol] = found
                changed = True
        for symbol, found in fresh.items():
            self.of[symbol] |= found
        return changed and any(self._symbolic())

    def _symbolic(self) -> Iterator[bool]:
        for terms in self._parts.values():
            yield not isinstance(terms, int)

    def _possible(self, area: Area, reader: int) -> set[int]:
        """The values that a read may yield from the present domains: every unit from any source."""
        width = BYTE if area.region.field is Field.DATA else 64
        results = [0]
        offset = 0
        for segment in area.read_by(reader):
            units = segment.high - segment.low
            whole: set[int] = set()
            for writer in bits(segment.sources[reader]):
                whole |= self.values(self.part(area, writer, segment))
            found = whole if units == 1 else torn(whole, units)
            if len(results) * len(found) > LIMIT:
                raise DomainTooLarge
            results = [value | piece << width * offset for value in results for piece in found]
            offset += units
        return set(results)

    def _cells(self) -> None:
        """Gives every byte on whose value the sources disagree a cell of its own."""
        for area in self.frame.areas.values():
            if area.region.field is not Field.DATA:
                continue
            for segment in area.segments:
                units = segment.high - segment.low
                if units == 1 or not segment.readers:
                    continue
                if self.merging:
                    different = 0
                    for reader in bits(segment.readers):
                        values: set[int] = set()
                        for writer in bits(segment.sources[reader]):
                            values |= self.values(self.part(area, writer, segment))
                        different |= differing(values)
                    own = [i for i in range(units) if different >> BYTE * i & 0xFF] or [0]
                else:
                    own = list(range(units))
                segment.cells = [Cell(area, segment.low + i, segment) for i in own]
        self.frame.recut()


def differing(values: Iterable[int]) -> int:
    """The bits in which some of the values differ."""
    first: int | None = None
    result = 0
    for value in values:
        if first is None:
            first = value
        result |= value ^ first
    return result


def torn(values: set[int], units: int) -> set[int]:
    """All values whose every byte is that byte of one of the values."""
    different = differing(values)
    choices = []
    for i in range(units):
        if different >> BYTE * i & 0xFF:
            choices.append({value >> BYTE * i & 0xFF for value in values})
        else:
            choices.append({next(iter(values)) >> BYTE * i & 0xFF} if values else {0})
    if not values:
        return set()
    if prod(map(len, choices)) > LIMIT:
        raise DomainTooLarge
    return {sum(byte << BYTE * i for i, byte in enumerate(way)) for way in product(*choices)}


def table(term: Term, domains: Mapping[Sym, Iterable[int]]) -> list[tuple[dict[Sym, int], int]]:
    """All assignments to a term's symbols, with the term's value; OTHER where a symbol is OTHER."""
    names = sorted(symbols(term), key=lambda s: s.id)
    ranges = [list(domains[name]) for name in names]
    if prod(map(len, ranges)) > LIMIT:
        raise DomainTooLarge
    rows = []
    for values in product(*ranges):
        env = dict(zip(names, values, strict=True))
        rows.append((env, OTHER if OTHER in values else evaluate(term, env)))
    return rows


def _on_cycles(feeds: Mapping[Sym, set[Sym]]) -> dict[Sym, set[Sym]]:
    """The symbols that depend on themselves, each with all such symbols that it depends on."""
    if not any(feeds.values()):
        return {}
    reach = {s: set(onward) for s, onward in feeds.items()}
    changed = True
    while changed:
        changed = False
        for s in reach:
            longer = set().union(reach[s], *(reach.get(t, set()) for t in reach[s]))
            if longer != reach[s]:
                reach[s] = longer
                changed = True
    cyclic = {s for s, onward in reach.items() if s in onward}
    return {s: reach[s] & cyclic for s in cyclic}


class Values:
    """Clauses for reads-from and values."""

    def __init__(self, frame: Frame, domains: Domains, clauses: Clauses, *, exclusive: bool) -> None:
        """Literals of the choices; `exclusive` as in choose_sources."""
        self.frame = frame
        self.domains = domains
        self.clauses = clauses
        self.of: dict[Sym, Literals] = {}
        self._terms: dict[Term, Literals] = {}
        self._reads = {symbol: (area, reader) for area, reader, symbol in domains.reads}
        for area, reader, symbol in domains.reads:
            if symbol in domains.cyclic:
                self._declare(area, reader, symbol)
        choose_sources(frame, clauses, exclusive=exclusive)

    def _declare(self, area: Area, reader: int, symbol: Sym) -> None:
        """Literals for a read on a value cycle, before its sources are known."""
        literals = {value: self.clauses.fresh() for value in sorted(self.domains.of[symbol])}
        literals[OTHER] = self.clauses.fresh()
        self.of[symbol] = literals
        self.clauses.at_most_one(list(literals.values()))

    def symbol(self, symbol: Sym) -> Literals:
        """The value literals of a symbol. Exactly one holds where the symbol's event exists."""
        found = self.of.get(symbol)
        if found is None:
            found = self.read(*self._reads[symbol]) if symbol in self._reads else self._free(symbol)
            self.of[symbol] = found
        return found

    def _free(self, symbol: Sym) -> Literals:
        info, clauses = self.frame.structure.symbols[symbol], self.clauses
        if info.origin in DECIDED:
            nodes = deciding(self.frame.structure.nodes, self.frame.structure.events, info)
            ended = clauses.any_of([self.frame.guard_of_node[n.id] for n in nodes])
            return {0: -ended, 1: ended}
        values = sorted(self.domains.of[symbol])
        return self._choice(values)

    def _choice(self, values: list[int]) -> Literals:
        clauses = self.clauses
        if len(values) == 1:
            return {values[0]: TRUE}
        if len(values) == 2:
            literal = clauses.fresh()
            return {values[0]: -literal, values[1]: literal}
        literals = {value: clauses.fresh() for value in values}
        clauses.add(literals.values())
        clauses.at_most_one(list(literals.values()))
        return literals

    def read(self, area: Area, reader: int) -> Literals:
        """The literals of the value that a read yields."""
        shift = 0
        pieces: list[Literals] = []
        for segment in area.read_by(reader):
            pieces += self._pieces(area, reader, segment, shift)
            shift += BYTE * (segment.high - segment.low)
        constant = sum(next(iter(p)) for p in pieces if len(p) == 1 and OTHER not in p)
        varying = [p for p in pieces if len(p) > 1 or OTHER in p]
        if not varying:
            return {constant: TRUE}
        if len(varying) == 1:
            return {(v if v == OTHER else v + constant): literal for v, literal in varying[0].items()}
        if prod(map(len, varying)) > LIMIT:
            raise DomainTooLarge
        result: Literals = {}
        ways: dict[int, list[int]] = {}
        for way in product(*(p.items() for p in varying)):
            both = self.clauses.all_of([literal for _, literal in way])
            value = OTHER if any(v == OTHER for v, _ in way) else constant + sum(v for v, _ in way)
            ways.setdefault(value, []).append(both)
        for value, literals in ways.items():
            result[value] = self.clauses.any_of(literals)
        return result

    def _pieces(self, area: Area, reader: int, segment: Segment, shift: int) -> Iterator[Literals]:
        """A segment's value: one piece per cell (values in place), and one for the bits that all sources agree on."""
        domains, writers = self.domains, bits(segment.sources[reader])
        if not writers:
            return
        parts = {w: domains.part(area, w, segment) for w in writers}
        if len(segment.cells) == 1:
            yield self._piece(reader, segment.cells[0], parts, shift)
            return
        values: set[int] = set()
        for term in parts.values():
            values |= domains.values(term)
        agreed = next(iter(values)) if values else 0
        for cell in segment.cells:
            i = cell.offset - segment.low
            agreed &= ~(0xFF << BYTE * i)
            bytes_ = {w: extract(term, BYTE * i, BYTE) for w, term in parts.items()}
            yield self._piece(reader, cell, bytes_, shift + BYTE * i)
        if agreed:
            yield {agreed << shift: TRUE}

    def _piece(self, reader: int, cell: Cell, parts: Mapping[int, Term], shift: int) -> Literals:
        """The value that comes through one choice of a source."""
        clauses, here = self.clauses, self.frame.guards[reader]
        sources: dict[int, list[tuple[int, int]]] = {}  # value -> (rf, literal of the written value)
        for writer, term in parts.items():
            for value, literal in self.term(term).items():
                sources.setdefault(value, []).append((cell.rf[writer, reader], literal))
        if len(parts) == 1:
            return {_shifted(v, shift): found[0][1] for v, found in sources.items()}
        result: Literals = {}
        if here == TRUE and len(sources) == 2 and OTHER not in sources:
            a, b = sources
            if len(sources[b]) == 1:
                a, b = b, a
            result[a] = self._yielded(sources[a])
            result[b] = -result[a]
        else:
            for value, found in sources.items():
                result[value] = self._yielded(found)
            if len(result) > 1:
                clauses.at_most_one(list(result.values()))
        for value, found in sources.items():
            for rf, literal in found:
                if result[value] != rf:
                    clauses.add([-rf, -literal, result[value]])
        return {_shifted(v, shift): literal for v, literal in result.items()}

    def _yielded(self, found: list[tuple[int, int]]) -> int:
        if len(found) == 1 and found[0][1] == TRUE:
            return found[0][0]
        return self.clauses.fresh()

    def term(self, term: Term) -> Literals:
        """The value literals of a term: exactly one holds where its symbols' events exist."""
        if isinstance(term, int):
            return {term: TRUE}
        if isinstance(term, Sym):
            return self.symbol(term)
        found = self._terms.get(term)
        if found is None:
            found = self._terms[term] = self._tabulate(term)
        return found

    def _tabulate(self, term: Term) -> Literals:
        self.domains.deadline.check()
        clauses = self.clauses
        literals = {s: self.symbol(s) for s in symbols(term)}
        ways: dict[int, list[list[int]]] = {}
        for env, value in table(term, literals):
            ways.setdefault(value, []).append([literals[s][v] for s, v in env.items()])
        if len(ways) == 1:
            return {next(iter(ways)): TRUE}
        result: Literals = {}
        if len(literals) == 1:
            for value, rows in ways.items():
                result[value] = clauses.any_of([row[0] for row in rows])
            return result
        if len(ways) == 2:
            a, b = ways
            literal = clauses.fresh()
            result = {a: literal, b: -literal}
        else:
            result = {value: clauses.fresh() for value in ways}
            clauses.at_most_one(list(result.values()))
        for value, rows in ways.items():
            for row in rows:
                clauses.add([result[value], *(-x for x in row)])
        return result

    def require(self, guard: int, condition: Term) -> None:
        """The condition (width 1) holds where `guard` does. An OTHER value may make it true or false."""
        literals = {s: self.symbol(s) for s in symbols(condition)}
        if not literals:
            if condition == 0:
                self.clauses.add([-guard])
            return
        self.domains.deadline.check()
        for env, value in table(condition, literals):
            if value == 0:
                self.clauses.add([-guard, *(-literals[s][v] for s, v in env.items())])

    def finish(self) -> None:
        """Conditions of the path nodes, reads whose value is a term, reads on value cycles."""
        frame, clauses = self.frame, self.clauses
        for node in frame.structure.nodes:
            guard = frame.guard_of_node[node.id]
            if guard != FALSE:
                for condition in node.condition:
                    self.require(guard, condition)
        for area in frame.areas.values():
            for reader in bits(area.reads):
                action = area.actions[reader]
                value = read_value(action)
                if isinstance(value, Sym) and value not in self.domains.cyclic:
                    self.symbol(value)
                    continue
                wanted = self.term(value)
                for v, literal in self.read(area, reader).items():
                    same = wanted.get(v, wanted.get(OTHER, FALSE))
                    clauses.add([-frame.guards[reader], -literal, same])


def _shifted(value: int, shift: int) -> int:
    return value if value == OTHER else value << shift
