"""Thread-local as a third attribute, on globals (systems.md B.10, P10): every thread has a cell of its own.

A cell is (a, th).val (`semantics.reduction.access.cell`); T7, T29 and T2 say where such a global may stand. What this
file adds is what a fresh cell holds (tls_init, DEC 18): the value of the declared constant expression, which is
evaluated once (expr), or a copy of the spawning thread's cell (inherit). That the expression must be the default of its
type (default) is `Discipline.tls_default`.
"""

from dataclasses import replace

from semantics.profiles.fork import FORK

TLS = replace(
    FORK,
    name="tls",
    summary="fork and instantiate with thread-local globals: a cell for each thread, initialised as declared",
    typing=replace(FORK.typing, name="tls", tls=True),
)
TLS_INHERIT = replace(
    TLS,
    name="tls-inherit",
    summary="as tls, but a new thread's cells hold what its creator's hold",
    typing=replace(TLS.typing, name="tls-inherit"),
    inherit="copy",
)
TLS_GROWING = replace(TLS, name="tls-growing", growth="granted")
"""Thread-local globals on a host that grants every growth within the maximum."""
