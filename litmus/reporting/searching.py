"""What `weft search` prints."""

from __future__ import annotations

from litmus.checking.searching import Search
from litmus.reporting.text import table


def searched(found: Search) -> str:
    """How many programs of each size there are, how many were explored, and the counter-example."""
    promise = f"confinement to one {found.owner} is promised" if found.promised else "confinement is not promised"
    lines = [f"{found.profile}: {promise}"]
    rows = [("size", "programs", "well typed", "explored")]
    rows += [(str(c.size), str(c.generated), str(c.well_typed), str(c.explored)) for c in found.counts]
    lines += table(rows, "  ")
    if found.cut:
        lines.append(f"  {found.cut} of them run on: explored up to a bound")
    lines += [f"  {count} not decided: {reason}" for reason, count in found.gaps.items()]
    if found.limited:
        lines.append("  the limit left programs out")
    if found.found is not None:
        lines.append(f"a counter-example{', AGAINST THE PROMISE' if found.promised else ''}:")
        lines += ["  " + line for line in found.found.text.splitlines()]
        lines += [f"  {violation}" for violation in found.found.violations]
    elif found.holds:
        lines.append("  all of them are confined")
        if found.owner == "component":
            lines.append("  (all threads are of one component: there is nothing that could break it)")
    elif not found.explored:
        lines.append("  no program of the grammar starts a thread")
    else:
        lines.append("  no counter-example, but some programs were not decided")
    return "\n".join(lines) + "\n"
