"""The grammar of the command line."""

from __future__ import annotations

import argparse

TEST = "a .litmus file, the name of a catalogue test, or a module (.wat, .wasm), which is instantiated"

EXIT = """\
exit status:
  0  all as expected      1  an expectation failed      2  the input is wrong      3  undecided
  Where several apply, 2 wins over 1, and 1 over 3. 70: a bug of weft's. 130: interrupted."""

RUN_EXAMPLE = """\
examples:
  weft run                                the shipped catalogue
  weft run MP+seqcst                      one test of the catalogue, by name
  weft run mytest.litmus --model wasm --model sc
  weft run mytest.wasm                    does its instantiation end?
  weft run tests/ --jobs 4 --format herd > log"""

OUTCOMES_EXAMPLE = """\
example:
  weft outcomes SB+seqcst --model sc --model wasm-threads"""

EXPLAIN_EXAMPLE = """\
examples:
  weft explain MP+unord --model wasm      a witness, or the axioms that forbid it
  weft explain MP+unord --svg mp.svg"""

CHECK_EXAMPLE = """\
example:
  weft check mytest.litmus module.wat compiled.wasm script.wast"""

CONVERT_EXAMPLE = """\
examples:
  weft convert compiled.wasm compiled.wat
  weft convert module.wat module.wasm"""

RULES_EXAMPLE = """\
examples:
  weft rules                              every rule, with figure, row and page
  weft rules --coverage mytest.litmus     which rules that test exercised"""

MODELS_EXAMPLE = """\
example:
  weft models"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="weft",
        description="A checker for concurrent WebAssembly programs: which outcomes may a program have, and why?",
        epilog="example:\n  weft run MP+seqcst\n\n" + EXIT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action=_Version)
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    run = _verb(verbs, "run", "decide tests and compare with what they expect", RUN_EXAMPLE)
    run.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files, directories or names of catalogue tests (none: the catalogue); a module is instantiated",
    )
    _model(run, "those for which the test states an expectation, else wasm-threads")
    _limits(run)
    run.add_argument("--jobs", type=_positive, metavar="N", help="processes (default: one for each core)")
    run.add_argument(
        "--format", choices=("text", "herd", "json", "junit"), default="text", help="form of the report (default: text)"
    )
    run.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")

    outcomes = _verb(verbs, "outcomes", "the complete table of outcomes", OUTCOMES_EXAMPLE)
    outcomes.add_argument("file", metavar="FILE", help=TEST)
    _model(outcomes, "those of the test's expectations, else wasm-threads")
    _limits(outcomes)
    outcomes.add_argument("--all", action="store_true", help="every register, not only those that the test names")
    outcomes.add_argument("--count", action="store_true", help="only how many there are")
    outcomes.add_argument("--json", action="store_const", const="json", default="text", dest="format", help="as JSON")

    explain = _verb(verbs, "explain", "why a condition is allowed or forbidden", EXPLAIN_EXAMPLE)
    explain.add_argument("file", metavar="FILE", help=TEST)
    _model(explain, "those of the test's expectations, else wasm-threads")
    _limits(explain)
    explain.add_argument("--dot", metavar="FILE", help="write the witness as DOT; - is standard output")
    explain.add_argument("--svg", metavar="FILE", help="write the witness as SVG (needs graphviz)")

    check = _verb(verbs, "check", "parse and validate only", CHECK_EXAMPLE)
    check.add_argument("files", nargs="+", metavar="FILE", help=".litmus, .wast, .wat or .wasm files, or directories")

    convert = _verb(verbs, "convert", "a module from text to binary or back", CONVERT_EXAMPLE)
    convert.add_argument("source", metavar="IN", help="a .wat or .wasm file")
    convert.add_argument("target", metavar="OUT", help="the file to write, .wat or .wasm")

    rules = _verb(verbs, "rules", "the reduction and typing rules", RULES_EXAMPLE)
    rules.add_argument(
        "--coverage",
        nargs="*",
        metavar="PATH",
        help="say how often each rule fires in these tests (none: the catalogue)",
    )

    _verb(verbs, "models", "the memory models that ship", MODELS_EXAMPLE)
    return top


class _Version(argparse.Action):
    """Prints the version; reads the distribution's metadata only when asked."""

    def __init__(self, option_strings: list[str], dest: str) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help="show the version and leave")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"weft {version()}")
        parser.exit()


def version() -> str:
    """The version of weft that runs."""
    from importlib import metadata

    try:
        return metadata.version("weft")
    except metadata.PackageNotFoundError:
        return "not installed"


def _verb(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, example: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"{example}\n\n{EXIT}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _model(verb: argparse.ArgumentParser, default: str) -> None:
    verb.add_argument(
        "--model",
        action="append",
        metavar="M",
        default=[],
        help=f"a model's name, one with switched options as wasm[-dagger], or a .cat file; may be repeated "
        f"(default: {default}); `weft models` lists them",
    )


def _limits(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--bound", type=_positive, metavar="N", help="iterations of a loop that are unfolded on one path (default: 8)"
    )
    verb.add_argument(
        "--time-limit", type=_seconds, metavar="S", help="seconds for one question to the solver (default: none)"
    )


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"a positive number was expected, not {text!r}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise argparse.ArgumentTypeError(f"a positive number of seconds was expected, not {text!r}")
    return value
