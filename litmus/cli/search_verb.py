"""weft search: small programs, all of them, for one that breaks what a design promises."""

from __future__ import annotations

from argparse import Namespace

from litmus.checking.searching import Search, search
from litmus.cli.status import FAILED, OK, UNDECIDED
from litmus.cli.terminal import show
from litmus.reporting.searching import searched
from semantics.profiles import PROFILES, profile


def main(options: Namespace) -> int:
    """Searches under each design asked for and prints what came of it."""
    designs = [profile(name) for name in options.profile] or list(PROFILES.values())
    statuses = []
    for design in designs:
        found = search(design, options.size, options.limit)
        show(searched(found))
        statuses.append(status_of(found))
    return next((s for s in (FAILED, UNDECIDED) if s in statuses), OK)


def status_of(found: Search) -> int:
    """FAILED where a promise is broken, UNDECIDED where programs were left out; a design that promises nothing may have
    counter-examples."""
    if found.holds is False:
        return FAILED if found.promised else OK
    return OK if found.holds else UNDECIDED
