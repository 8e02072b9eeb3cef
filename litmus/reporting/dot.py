"""A witness as DOT, the language of graphviz; and as SVG where graphviz's `dot` is installed."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

from litmus.checking.graph import Graph, Node
from semantics.diagnostics import Unsupported

COLOURS = {"rf": "#b30000", "sw": "#0050b3", "hb": "#7a7a7a", "wake": "#0b7a3b", "asw": "#7a3b9d"}


def dot(drawn: Graph, title: str) -> str:
    """The graph in DOT: one column for each thread, program order downwards, the other edges by name and colour."""
    lines = [
        "digraph execution {",
        f"  label={_quoted(title)}; labelloc=t; fontname=monospace;",
        "  node [shape=plaintext, fontname=monospace, fontsize=11];",
        "  edge [fontname=monospace, fontsize=10, constraint=false];",
    ]
    for index, thread in enumerate(dict.fromkeys(n.thread for n in drawn.nodes)):
        column = [n for n in drawn.nodes if n.thread == thread]
        lines += [f"  subgraph cluster_{index} {{", f"    label={_quoted(thread)}; color=lightgrey;"]
        lines += [f"    e{n.id} [label={_quoted(_label(n))}];" for n in column]
        lines += [f"    e{a.id} -> e{b.id} [constraint=true, color=black];" for a, b in pairwise(column)]
        lines.append("  }")
    for edge in drawn.edges:
        colour = COLOURS.get(edge.name.split(" ")[0].split(".")[0], "#333333")
        lines.append(
            f'  e{edge.source} -> e{edge.target} [label={_quoted(edge.name)}, color="{colour}", fontcolor="{colour}"];'
        )
    return "\n".join([*lines, "}"]) + "\n"


def _label(node: Node) -> str:
    return "\n".join([f"{node.label}: {'; '.join(node.actions) or node.text}", *([node.text] if node.actions else [])])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def svg(source: str) -> bytes:
    """DOT laid out as SVG. Raises Unsupported where graphviz is not installed or refuses."""
    program = shutil.which("dot")
    if program is None:
        raise Unsupported(
            "SVG needs graphviz: no program `dot` is installed", hint="--dot FILE writes the graph as text"
        )
    done = subprocess.run([program, "-Tsvg"], input=source.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise Unsupported(f"graphviz refuses the graph: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
