"""The end of the whole program (WS6 of systems.md B.2, B.12 trap=all): each other thread did some prefix of its events.

A thread ends the program at a leaf that `ends`: a trap where the design says so, EXIT by the host's proc_exit or by
the main thread's return. The symbol OVER says that one did; at most one does. Every other thread had ended before, or
is killed, anywhere: its path forks, before its first event and after each event that others may notice, to a leaf
KILLED where OVER holds, and to what comes next. An end gives no happens-before, so that nothing more relates the
threads; that a child exists only with its SPAWN makes the prefixes closed under spawn.

No thread needs to be killed elsewhere. After events that only read, or a suspension that no notify ends, a killed
thread may as well have been killed before them: nobody reads from those events, what remains is consistent because
every axiom is antitone in happens-before (as for pure iterations, see `spin`), a waiter that is never woken leaves
its queue a legal run without it, and of a killed thread the outcome shows the status alone (DEC 26).

The host's hidden thread is not part of the program, and is not killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantics.execution.structure import Origin, Status
from semantics.exploration.builder import Builder
from semantics.exploration.path import Path
from semantics.reduction.hosts import host_effects
from semantics.runtime.profile import Profile
from semantics.runtime.store import Store
from semantics.terms import Sym, Term, negate

if TYPE_CHECKING:
    from semantics.exploration.unfold import Unfolding


def symbol(builder: Builder, profile: Profile, store: Store) -> Sym | None:
    """The OVER symbol of an exploration; None where nothing ends a whole program."""
    if not profile.kills and not any(effect.dooms for effect in host_effects(store)):
        return None
    over = builder.symbol(1, "over")
    builder.introduce(over, Origin.OVER)
    return over


def ends(profile: Profile, status: Status) -> bool:
    """Whether a thread that ends so ends the program."""
    return status is Status.EXIT or (status is Status.TRAP and profile.trap == "all")


def at_the_end(unfolding: Unfolding, path: Path) -> Status:
    """The status of a thread that has nothing left to do."""
    main = path.thread == 0 and not path.planned.hidden
    return Status.EXIT if main and unfolding.oracle.profile.mainret == "exit-all" else Status.DONE


def goes_on(unfolding: Unfolding, path: Path) -> tuple[Term, ...]:
    """The conditions on which a thread may be blocked for ever: nobody ended the program or it, else it was killed."""
    return tuple(map(negate, _reasons(unfolding, path)))


def _reasons(unfolding: Unfolding, path: Path) -> tuple[Sym, ...]:
    """What may have ended a thread from outside: the end of the program, `terminate` (W5 of B.1)."""
    terminated = unfolding.messages.terminated(unfolding, path.planned.name)
    over = None if path.planned.hidden else unfolding.over
    return tuple(reason for reason in (over, terminated) if reason is not None)


def may_be_killed(unfolding: Unfolding, path: Path) -> bool:
    """Forks a path where its thread may be killed. Whether this path itself goes on."""
    path.exposed = False
    alone = path.thread == 0 and not path.forks and not path.children
    reasons = () if alone else _reasons(unfolding, path)
    if not reasons:
        return True
    made = unfolding.children(path, [*((reason,) for reason in reasons), ()])
    if not made:
        return False
    *killed, going = made
    for child in killed:
        unfolding.builder.leaf(child.node, Status.KILLED, {}, touched=child.touched)
    return unfolding.schedule([going])
