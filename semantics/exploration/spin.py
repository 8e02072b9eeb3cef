"""Loops: which iterations are redundant, which count, and where the bound cuts.

The pure-iteration rule. An iteration of a loop is *pure* if it only reads, fails to wake anyone, or waits until its
own timeout, and comes back to the loop's head in the state of an earlier visit. Such an iteration is dropped: its
path ends without a leaf. No terminating outcome is lost. Take a consistent execution with a pure iteration, and
leave the iteration's events out. What remains is an execution of the program, since the thread continues from an
equal state, and nobody reads from the events that are gone. It has the same outcome. It is consistent: the least
happens-before of the remaining events is a subset of the old one (edges through reads that are gone are gone), and
every axiom forbids some shape of reads-from, happens-before and total order, so that it is antitone in
happens-before; the total order is the old one restricted. A notify that woke nobody takes nothing from a queue of
waiters, and a wait that timed out leaves it as if it had not been there. So `await` loops unfold to their last,
successful iteration.

The state is: the operands, the callers (which did not run), the contents that the thread keeps to itself (any write
to them ends purity, which is coarser), and the locals that are live: what every path from the head assigns before it
reads does not count, as no continuation can tell. There is one continuation that can: a trap, a suspension for ever or
an exhausted call stack before the assignment shows the old value of a register. Where the unfolding finds such an end
under the same loop, the dropped path is resumed for one more iteration (`Spin.resumable`). One is enough: if it
assigns anew all that the first one did, then the state after it does not depend on the first, which may be dropped.

A slice of a thread that takes turns (systems.md B.12), in which it only reads and then yields, may be left out whole:
the lock is as free as before. (It is not, where threads name who runs next.) So an iteration with yields is pure, too,
if it begins with one, as the next one then ends the slice that it began, or if it began a slice of its own.

The rule does not apply to iterations with a write, a read-modify-write, a notify that may have woken someone, a
suspension that a notify ended, or a started or joined thread. (A growth that fails only reads.) Such iterations count
for the bound; so do not those that neither caused an event nor forked the path, for they end by themselves or by the
bound on steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from semantics.exploration.liveness import live_at_heads
from semantics.exploration.path import Head, Path, Seen
from semantics.runtime.configuration import Configuration, Frame, Label
from semantics.syntax.instructions import Expr, Loop
from semantics.terms import Sym, Term, apply, evaluate, negate, symbols

VISITS = 8  # so many visits of a head are remembered
SMALL = 64  # notify limits up to here are checked value by value


class Verdict(Enum):
    """What becomes of a path at a back edge."""

    GO = "go"
    DROP = "drop"  # a pure iteration
    CUT = "cut"  # the bound is reached


class Decision(NamedTuple):
    """A verdict; with GO, `condition` (where not empty) must hold on the path that goes on: the iteration is pure, and
    dropped, where it does not."""

    verdict: Verdict
    condition: tuple[Term, ...] = ()


@dataclass(slots=True)
class _Dropped:
    """A path that was dropped although named locals that are not live differ: `locals`, at the earlier visit."""

    path: Path
    label: Label
    locals: dict[int, Term]


class Spin:
    """Follows the loops of one exploration. `bound` is the number of iterations of one loop entry."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._live: dict[tuple[int, int], dict[int, int]] = {}
        self._bodies: list[Expr] = []  # kept alive: `_live` goes by identity
        self._dropped: list[_Dropped] = []
        self._ends: list[tuple[set[int], tuple[Term, ...]]] = []

    def enter(self, path: Path) -> None:
        """The path has entered a loop."""
        config = _at_head(path)
        assert config.label is not None
        path.heads = (*_open(path.heads, config), Head(config.label, (_seen(path, config),)))

    def back_edge(self, path: Path) -> Decision:
        """The path has come back to the head of its innermost loop."""
        config = _at_head(path)
        label = config.label
        assert label is not None and isinstance(label.node, Loop)
        heads = _open(path.heads, config)
        head = heads[-1]
        observed = _named(config.frame) if config.caller is None else 0
        live = self._live_at(config.frame, label.node, observed)
        maybe: list[Term] = []  # conditions under which the iterations since a visit were pure
        for seen in reversed(head.visits):
            if seen.effects != path.effects:
                break
            differing = _difference(seen.config, config, live)
            if differing is None or not _slices(path, seen):
                continue
            woke_nobody = _woke_nobody(path, path.notifies[seen.notifies :])
            if woke_nobody != 1:
                if woke_nobody != 0:
                    maybe.append(woke_nobody)
                continue
            shown = differing & observed
            if shown and not (head.granted and head.granted <= _bits(shown)):
                if head.iterations + 1 >= self._bound:
                    return Decision(Verdict.CUT)
                values = {i: seen.config.frame.locals[i].term for i in _bits(shown)}
                path.heads = heads
                self._dropped.append(_Dropped(path, label, values))
            return Decision(Verdict.DROP)
        visits = [s for s in head.visits if s.effects == path.effects][-VISITS:]
        silent = bool(head.visits) and head.visits[-1].visible == path.visible
        iterations = head.iterations + (not silent)
        if iterations >= self._bound:
            return Decision(Verdict.CUT)
        path.heads = (*heads[:-1], Head(label, (*visits, _seen(path, config)), iterations, head.granted))
        return Decision(Verdict.GO, tuple(negate(m) for m in maybe))

    def ended(self, config: Configuration) -> None:
        """A path has ended abruptly, in a trap or for ever suspended: its registers are seen as they are."""
        labels = _labels(config)
        if labels:
            self._ends.append((labels, tuple(v.term for v in outermost(config).locals)))

    def resumable(self) -> list[Path]:
        """Dropped paths that must go on for one iteration, because an abrupt end shows a register that they change."""
        found, kept = [], []
        for dropped in self._dropped:
            if any(
                id(dropped.label) in labels and any(values[i] == old for i, old in dropped.locals.items())
                for labels, values in self._ends
            ):
                found.append(self._resumed(dropped))
            else:
                kept.append(dropped)
        self._dropped = kept
        return found

    def _resumed(self, dropped: _Dropped) -> Path:
        path, head = dropped.path, dropped.path.heads[-1]
        visits = (_seen(path, _at_head(path)),)
        path.heads = (*path.heads[:-1], Head(head.label, visits, head.iterations + 1, frozenset(dropped.locals)))
        return path

    def _live_at(self, frame: Frame, loop: Loop, observed: int) -> int:
        if frame.func is None:
            return 0
        body = frame.func.code.body
        key = (id(body), observed)
        if key not in self._live:
            self._live[key] = live_at_heads(body, observed)
            self._bodies.append(body)
        return self._live[key].get(id(loop), -1)


def _at_head(path: Path) -> Configuration:
    assert path.config is not None
    return path.config


def _seen(path: Path, config: Configuration) -> Seen:
    fresh = path.begun == path.visible
    return Seen(config, path.effects, len(path.notifies), path.visible, len(path.yields), fresh)


def _slices(path: Path, seen: Seen) -> bool:
    """Whether what a path did since a visit consists of whole slices, or of no more than part of one."""
    since = path.yields[seen.yields :]
    return not since or seen.fresh or since[0] == seen.visible


def outermost(config: Configuration) -> Frame:
    """The frame of the function that the thread was started with."""
    frame, caller = config.frame, config.caller
    while caller is not None:
        frame, caller = caller.frame, caller.outer
    return frame


def _labels(config: Configuration) -> set[int]:
    """The open labels of all frames, by identity."""
    found = set()
    label, caller = config.label, config.caller
    while True:
        while label is not None:
            found.add(id(label))
            label = label.outer
        if caller is None:
            return found
        label, caller = caller.label, caller.outer


def _open(heads: tuple[Head, ...], config: Configuration) -> tuple[Head, ...]:
    """The heads of the loops that are still open. Those of loops that were left stand last, if there are any."""
    labels = _labels(config)
    while heads and id(heads[-1].label) not in labels:
        heads = heads[:-1]
    return heads


def _named(frame: Frame) -> int:
    """The mask of a frame's named locals: the registers of the thread, if the frame is its outermost."""
    names = frame.func.code.local_names if frame.func is not None else ()
    return sum(1 << i for i, name in enumerate(names) if name is not None)


def _bits(mask: int) -> frozenset[int]:
    return frozenset(i for i in range(mask.bit_length()) if mask >> i & 1)


def _difference(old: Configuration, new: Configuration, live: int) -> int | None:
    """The mask of the locals, none of them live, in which two visits of a head differ; None where more differs."""
    if old.operands != new.operands or old.caller is not new.caller:
        return None
    mask = 0
    for i, (a, b) in enumerate(zip(old.frame.locals, new.frame.locals, strict=True)):
        if a != b:
            if live >> i & 1:
                return None
            mask |= 1 << i
    return mask


def _woke_nobody(path: Path, counts: tuple[Sym, ...]) -> Term:
    """The condition that all notifies woke nobody; 1 where the path's conditions say so."""
    result: Term = 1
    for count in counts:
        known = path.value(count)
        if isinstance(known, int):
            zero: Term = int(known == 0)
        elif _must_be_zero(path, count):
            zero = 1
        else:
            zero = path.value(apply("eq", 1, count, 0, arg_width=32))
        result = zero if result == 1 else apply("and", 1, result, zero)
    return result


def _must_be_zero(path: Path, count: Sym) -> bool:
    """Whether the conditions on a count alone leave only 0, for small limits."""
    limit = path.limits.get(count, SMALL + 1)
    if not isinstance(limit, int) or limit > SMALL:
        return False
    about = [c for c in path.conditions if symbols(c) == {count}]
    return all(any(not evaluate(c, {count: n}) for c in about) for n in range(1, limit + 1))
