"""One attribute for a whole module instead of one for each definition (systems.md B.8, P8m).

`(module shared ...)` is a requirement that propagates: all that the module defines and imports must be shared, and its
own functions are, without saying so. Without the flag they are local. The flag decides on validity and on the types of
functions only (typing rule "module flag"); all else is fork.
"""

from dataclasses import replace

from semantics.profiles.fork import FORK

MODULE_SHARED = replace(
    FORK,
    name="module-shared",
    summary="fork and instantiate, sharing written on the module: all of it is shared, or its functions are local",
    typing=replace(FORK.typing, name="module-shared", gran="module"),
)
