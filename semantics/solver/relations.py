"""The algebra in which a model's text is evaluated: sparse relations over the events of a structure.

A `Relation` knows the pairs that are in it in every execution (`must`), the pairs that may be in it (`may`), and, on
demand, under which literals a pair of the second kind is in it (`when`, a disjunction of conjunctions). All three speak
of pairs of events that exist together: existence is not part of the conditions, except that of the events in the
middle of a composition. Nothing here knows any particular model.
"""

from __future__ import annotations

from collections.abc import Callable

from semantics.solver.cnf import ALWAYS, NEVER, Conj, Dnf, conjunctions, minimal
from semantics.solver.frame import Frame, Rows, transpose

When = Callable[[int, int], Dnf]


class Relation:
    """Pairs of events. `causal` are the pairs of `must` that the unfolding vouches for: closing over an event in the
    middle needs no proof that it exists (EventStructure.static_hb)."""

    __slots__ = ("_may_columns", "_must_columns", "_when", "causal", "exact", "may", "memo", "must")

    def __init__(
        self,
        must: Rows,
        may: Rows | None = None,
        when: When | None = None,
        *,
        causal: Rows | None = None,
        exact: bool = True,
    ) -> None:
        """`may` and `when` are left out for a relation of which nothing is to be chosen."""
        self.must = must
        self.may = must if may is None else may
        self._when = when
        self.causal: Rows = {} if causal is None else causal
        self.exact = exact  # `when` says exactly when; else its literals may hold of more pairs
        self.memo: dict[tuple[int, int], Dnf] = {}
        self._may_columns: Rows | None = None
        self._must_columns: Rows | None = None

    @property
    def static(self) -> bool:
        """Nothing of the relation is to be chosen."""
        return self._when is None

    def when(self, x: int, y: int) -> Dnf:
        """Under which literals the pair is in the relation, if both events exist."""
        if self.must.get(x, 0) >> y & 1:
            return ALWAYS
        if self._when is None or not self.may.get(x, 0) >> y & 1:
            return NEVER
        known = self.memo.get((x, y))
        if known is None:
            known = self.memo[x, y] = self._when(x, y)
        return known

    def sure(self, frame: Frame) -> Rows:
        """The pairs of `must` that may be closed over whatever exists."""
        return self.causal if frame.branching else self.must

    @property
    def may_columns(self) -> Rows:
        """`may` of the inverse."""
        if self._may_columns is None:
            self._may_columns = transpose(self.may)
        return self._may_columns

    @property
    def must_columns(self) -> Rows:
        """`must` of the inverse."""
        if self._must_columns is None:
            self._must_columns = self.may_columns if self.must is self.may else transpose(self.must)
        return self._must_columns


NOTHING = Relation({})


def union(parts: list[Relation]) -> Relation:
    """a | b"""
    if len(parts) == 1:
        return parts[0]
    exact = all(p.exact for p in parts)
    must = _joined([p.must for p in parts])
    causal = _joined([p.causal for p in parts])
    if all(p.static for p in parts):
        return Relation(must, causal=causal)
    dynamic: dict[int, list[Relation]] = {}  # by the first event of the pair
    for part in parts:
        if not part.static:
            for x in part.may:
                dynamic.setdefault(x, []).append(part)

    def when(x: int, y: int) -> Dnf:
        found = [dnf for p in dynamic.get(x, ()) if (dnf := p.when(x, y))]
        return found[0] if len(found) == 1 else minimal([conj for dnf in found for conj in dnf])

    return Relation(must, _joined([p.may for p in parts]), when, causal=causal, exact=exact)


def _joined(rows: list[Rows]) -> Rows:
    result = dict(rows[0])
    for other in rows[1:]:
        for x, mask in other.items():
            result[x] = result.get(x, 0) | mask
    return result


def _met(rows: list[Rows]) -> Rows:
    first, *rest = sorted(rows, key=len)
    result: Rows = {}
    for x, mask in first.items():
        for other in rest:
            mask &= other.get(x, 0)
        if mask:
            result[x] = mask
    return result


def intersection(parts: list[Relation], simplify: Callable[[Conj], Conj]) -> Relation:
    """a & b; `simplify` drops literals of a conjunction that its other literals imply."""
    must = _met([p.must for p in parts])
    causal = _met([must, _joined([p.causal for p in parts])])
    if all(p.static for p in parts):
        return Relation(must, causal=causal)

    def when(x: int, y: int) -> Dnf:
        result = ALWAYS
        for part in parts:
            result = conjunctions(result, part.when(x, y))
        return minimal(map(simplify, result))

    may = _met([p.may for p in parts])
    return Relation(must, may, when, causal=causal, exact=all(p.exact for p in parts))


def difference(left: Relation, right: Relation) -> Relation:
    """a \\ b; `right` must be exact."""
    must = {x: m for x, mask in left.must.items() if (m := mask & ~right.may.get(x, 0))}
    causal = _met([must, left.causal])
    if left.static and right.static:
        return Relation(must, causal=causal)
    may = {x: m for x, mask in left.may.items() if (m := mask & ~right.must.get(x, 0))}

    def when(x: int, y: int) -> Dnf:
        result = left.when(x, y)
        for conj in right.when(x, y):
            result = conjunctions(result, tuple(frozenset((-literal,)) for literal in conj))
        return result

    return Relation(must, may, when, causal=causal, exact=left.exact)


def inverse(arg: Relation) -> Relation:
    """a^-1"""
    if arg.static:
        return Relation(arg.must_columns)
    return Relation(arg.must_columns, arg.may_columns, lambda x, y: arg.when(y, x), exact=arg.exact)


def composition(frame: Frame, left: Relation, right: Relation) -> Relation:
    """a ; b. The event in the middle must exist: where its existence is not implied, its guard is a condition."""
    must, may = _composed(frame, left.must, right.must, certain=True), _composed(frame, left.may, right.may)
    if left.static and right.static and not frame.branching:
        return Relation(must)

    def when(x: int, y: int) -> Dnf:
        found: list[Conj] = []
        middle = left.may.get(x, 0) & right.may_columns.get(y, 0)
        while middle:
            low = middle & -middle
            middle ^= low
            z = low.bit_length() - 1
            exists = frame.missing(low, frame.entails[x] | frame.entails[y])
            for conj in conjunctions(left.when(x, z), right.when(z, y)):
                if not conj and not exists:
                    return ALWAYS
                found.append(conj | exists)
        return minimal(found)

    return Relation(must, may, when, exact=left.exact and right.exact)


def _composed(frame: Frame, left: Rows, right: Rows, *, certain: bool = False) -> Rows:
    rows: Rows = {}
    guarded = certain and frame.branching
    for x, mask in left.items():
        reach = 0
        while mask:
            low = mask & -mask
            mask ^= low
            z = low.bit_length() - 1
            onward = right.get(z, 0)
            if onward and guarded and not frame.entails[x] & low:
                onward &= frame.entailed_by[z]
            reach |= onward
        if frame.branching:
            reach &= frame.together[x]
        if reach:
            rows[x] = reach
    return rows


def closed(rows: Rows) -> Rows:
    """The transitive closure of a relation given as rows."""
    result = dict(rows)
    state: dict[int, int] = {}  # 1 open, 2 done
    cyclic = False
    for start in rows:
        if start in state:
            continue
        stack = [start]
        while stack:
            x = stack[-1]
            if state.get(x) == 2:
                stack.pop()
                continue
            if x not in state:
                state[x] = 1
                rest = rows.get(x, 0)
                while rest:
                    low = rest & -rest
                    rest ^= low
                    y = low.bit_length() - 1
                    if y not in state:
                        if y in rows:
                            stack.append(y)
                    elif state[y] == 1:
                        cyclic = True
                continue
            reach = rest = rows.get(x, 0)
            while rest:
                low = rest & -rest
                onward = result.get(low.bit_length() - 1, 0)
                reach |= onward
                rest &= ~(onward | low)
            result[x] = reach
            state[x] = 2
            stack.pop()
    while cyclic:  # rows on a cycle were closed before their successors: iterate
        cyclic = False
        for x, mask in result.items():
            reach = rest = mask
            while rest:
                low = rest & -rest
                rest ^= low
                reach |= result.get(low.bit_length() - 1, 0)
            if reach != mask:
                result[x] = reach
                cyclic = True
    return result
