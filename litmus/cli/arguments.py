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

MERGE_EXAMPLE = """\
examples:
  weft merge app.wat lib.wat -o whole.wat
  weft merge app.wat lib.wat --link env.alloc=malloc -o whole.wasm
  weft merge app.wat lib.wat --check      can anybody tell the merge from the linked pair?

Imports that name the other module, by its $name or by its file, are resolved by its exports; with --link, those
imports alone that it names. --check decides three properties: MG-static (the merge of valid modules is valid),
MG-single and MG-spawn (hosts that call the exports from one thread, or from several, have the same outcomes with the
merge as with the linked pair). They hold on the contexts that were tried, which are listed; references are not
compared. A merge of several memories has no binary form: write a .wat file."""

RULES_EXAMPLE = """\
examples:
  weft rules                              every rule, with figure, row and page
  weft rules --coverage mytest.litmus     which rules that test exercised"""

MODELS_EXAMPLE = """\
example:
  weft models"""

PROFILES_EXAMPLE = """\
example:
  weft profiles"""

MATRIX_EXAMPLE = """\
examples:
  weft matrix L2 L3                       two programs of the catalogue under every design
  weft matrix L2 --profile fork --profile create --format markdown"""

ENCODINGS_EXAMPLE = """\
examples:
  weft encodings                          who can polyfill whom: claim and fragment of each translation
  weft encodings X1 --programs 5          compare random programs with their translations

Programs are random, of the encoding's fragment. Both sides are explored, each under its own design, and must have the
same outcomes under one memory model; a program whose outcomes differ is printed with its translation."""

SEARCH_EXAMPLE = """\
examples:
  weft search confinement --profile create-unchecked
  weft search confinement --profile web --profile wasi --size 2

Confinement (INV-C): in no execution do threads of different owners access a local object. The search takes all
programs of up to K statements from a grammar: every instruction that accesses an object, calls, references on their
way from one place to another, instances and threads as the design has them, over one definition of each kind and
attribute, own and imported. It keeps what is well typed and explores it. A design that promises confinement must have
no counter-example (exit status 1); of the others the smallest one is printed, as a test that `weft run` reads."""


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
    _model(run, "those of the test's expectations, else that of the design that it names, else wasm-threads")
    run.add_argument(
        "--profile",
        action="append",
        metavar="P",
        default=[],
        help="a thread-creation design; may be repeated (default: the test's own and those for which it states an "
        "expectation); `weft profiles` lists them",
    )
    _limits(run)
    run.add_argument("--jobs", type=_positive, metavar="N", help="processes (default: one for each core)")
    run.add_argument(
        "--format", choices=("text", "herd", "json", "junit"), default="text", help="form of the report (default: text)"
    )
    run.add_argument("--json", action="store_const", const="json", dest="format", help="same as --format json")

    outcomes = _verb(verbs, "outcomes", "the complete table of outcomes", OUTCOMES_EXAMPLE)
    outcomes.add_argument("file", metavar="FILE", help=TEST)
    _model(outcomes, "those of the test's expectations, else that of the design that it names, else wasm-threads")
    _profile(outcomes)
    _limits(outcomes)
    outcomes.add_argument("--all", action="store_true", help="every register, not only those that the test names")
    outcomes.add_argument("--count", action="store_true", help="only how many there are")
    outcomes.add_argument("--json", action="store_const", const="json", default="text", dest="format", help="as JSON")

    explain = _verb(verbs, "explain", "why a condition is allowed or forbidden", EXPLAIN_EXAMPLE)
    explain.add_argument("file", metavar="FILE", help=TEST)
    _model(explain, "those of the test's expectations, else that of the design that it names, else wasm-threads")
    _profile(explain)
    _limits(explain)
    explain.add_argument("--dot", metavar="FILE", help="write the witness as DOT; - is standard output")
    explain.add_argument("--svg", metavar="FILE", help="write the witness as SVG (needs graphviz)")

    check = _verb(verbs, "check", "parse and validate only", CHECK_EXAMPLE)
    check.add_argument("files", nargs="+", metavar="FILE", help=".litmus, .wast, .wat or .wasm files, or directories")

    convert = _verb(verbs, "convert", "a module from text to binary or back", CONVERT_EXAMPLE)
    convert.add_argument("source", metavar="IN", help="a .wat or .wasm file")
    convert.add_argument("target", metavar="OUT", help="the file to write, .wat or .wasm")

    merge = _verb(verbs, "merge", "two modules become one; check that nobody can tell", MERGE_EXAMPLE)
    merge.add_argument("first", metavar="A", help="a .wat or .wasm file; where names clash, it keeps its own")
    merge.add_argument("second", metavar="B", help="a .wat or .wasm file")
    merge.add_argument("-o", "--output", metavar="OUT", help="the file to write, .wat or .wasm")
    merge.add_argument(
        "--link",
        action="append",
        metavar="MODULE.NAME=EXPORT",
        default=[],
        help="resolve this import by that export of the other module; may be repeated",
    )
    merge.add_argument(
        "--fuse", action="store_true", help="imports left open that have the same names and type become one"
    )
    merge.add_argument("--check", action="store_true", help="check the properties of merging on this pair")
    merge.add_argument(
        "--contexts", type=_positive, metavar="N", default=24, help="contexts tried for a property (default: 24)"
    )
    _model(merge, "wasm-threads")
    merge.add_argument(
        "--profile", metavar="P", help="the design whose typing rules and threads the check takes (default: fork's)"
    )
    _limits(merge)

    rules = _verb(verbs, "rules", "the reduction and typing rules", RULES_EXAMPLE)
    rules.add_argument(
        "--coverage",
        nargs="*",
        metavar="PATH",
        help="say how often each rule fires in these tests (none: the catalogue)",
    )

    _verb(verbs, "models", "the memory models that ship", MODELS_EXAMPLE)
    _verb(verbs, "profiles", "the ways to create threads, each a design that runs", PROFILES_EXAMPLE)

    encodings = _verb(verbs, "encodings", "translations between designs; do they keep the outcomes?", ENCODINGS_EXAMPLE)
    encodings.add_argument("names", nargs="*", metavar="NAME", help="an encoding to check (none: list them all)")
    encodings.add_argument(
        "--programs", type=_positive, metavar="N", default=100, help="random programs that are compared (default: 100)"
    )
    encodings.add_argument(
        "--seed", type=int, metavar="N", default=0, help="another seed gives other programs (default: 0)"
    )
    _model(encodings, "that of the encoded design")
    _limits(encodings)

    matrix = _verb(verbs, "matrix", "each program under each design, side by side", MATRIX_EXAMPLE)
    matrix.add_argument("paths", nargs="+", metavar="FILE", help="files, directories or names of catalogue tests")
    matrix.add_argument(
        "--profile",
        action="append",
        metavar="P",
        default=[],
        help="a column; may be repeated (default: every design)",
    )
    _model(matrix, "each design's own")
    _limits(matrix)
    matrix.add_argument(
        "--format",
        choices=("text", "markdown", "json", "html"),
        default="text",
        help="form (default: text)",
    )

    search = _verb(verbs, "search", "all small programs, for one that breaks a promise of its design", SEARCH_EXAMPLE)
    search.add_argument("property", choices=("confinement",), metavar="PROPERTY", help="what to break: confinement")
    search.add_argument(
        "--profile", action="append", metavar="P", default=[], help="a design; may be repeated (default: every design)"
    )
    search.add_argument(
        "--size", type=_positive, metavar="K", default=2, help="statements of the largest programs (default: 2)"
    )
    search.add_argument("--limit", type=_positive, metavar="N", help="programs explored in each design (default: all)")
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


def _profile(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--profile", metavar="P", help="a thread-creation design (default: the test's own); `weft profiles` lists them"
    )


def _limits(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--bound", type=_positive, metavar="N", help="iterations of a loop that are unfolded on one path (default: 8)"
    )
    verb.add_argument(
        "--time-limit", type=_seconds, metavar="S", help="seconds for one test under one model (default: no limit)"
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
