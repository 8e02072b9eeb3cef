"""The command `weft`: verbs over litmus tests and scripts. Computes nothing itself.

Only argparse is imported here; each verb imports what it needs, so that `weft --help` costs nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from litmus.cli.arguments import parser
from litmus.cli.status import BAD_INPUT, INTERNAL, INTERRUPTED, OK


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb; returns the exit status. Nothing that a user can do ends in a traceback."""
    options = parser().parse_args(argv)
    from semantics.diagnostics import InternalError, StuckConfiguration, WeftError, render

    try:
        status = _run(options.verb, options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader has gone (as `head` does) with what it wanted; Python's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("weft: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (InternalError, StuckConfiguration) as error:
        return _our_fault(render(error))
    except WeftError as error:
        print(render(error), file=sys.stderr)
        return BAD_INPUT
    except Exception as error:
        if os.environ.get("WEFT_TRACEBACK"):
            raise
        return _our_fault(f"internal error: {type(error).__name__}: {error}")


def command() -> NoReturn:
    """The process `weft`: one verb, then the exit. An interrupted one leaves at once: the threads that read what its
    worker processes sent may wait for ever for the rest of what a process that was ended had begun to send."""
    status = main()
    if status == INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _run(verb: str, options: object) -> int:
    from importlib import import_module

    status: int = import_module(f"litmus.cli.{verb}_verb").main(options)
    return status


def _our_fault(message: str) -> int:
    print(message, file=sys.stderr)
    print(
        "This is a bug of weft's, not of your input. Please report it with the file that shows it; "
        "WEFT_TRACEBACK=1 in the environment shows where it is.",
        file=sys.stderr,
    )
    return INTERNAL
