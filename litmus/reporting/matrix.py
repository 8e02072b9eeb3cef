"""Matrices of programs and designs: as text, Markdown, JSON and a page of HTML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from litmus.checking.matrix import Cell, MatrixRow
from litmus.reporting.names import Names
from litmus.reporting.text import table
from semantics.execution.outcomes import Outcome
from semantics.execution.structure import Status

LEGEND = (
    "Each outcome stands by itself, with the threads that did not end well. invalid: refused by that typing rule; "
    "inexpressible: the design lacks that; unlinkable: an import has no match; !: threads of different owners access a "
    "local object; ...: outcomes may be missing."
)


def text(rows: Sequence[MatrixRow]) -> str:
    """A table for each program where there are several designs: one line for each outcome."""
    lines: list[str] = []
    for row in rows:
        cells = [(c.profile, line) for c in row.cells for line in outcomes(c)]
        previous = ""
        listed = []
        for profile, line in cells:
            listed.append(("" if profile == previous else profile, line))
            previous = profile
        lines += [row.name, *table(listed, "  ")]
        lines += [f"  {c.profile}: {violation}" for c in row.cells for violation in c.violations]
        lines.append("")
    return "\n".join([*lines, LEGEND]) + "\n"


def markdown(rows: Sequence[MatrixRow]) -> str:
    """One table: a row for each program, a column for each design."""
    heads = [c.profile for c in rows[0].cells] if rows else []
    lines = ["| program | " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(heads)]
    for row in rows:
        cells = [" <br> ".join(line.replace("|", "\\|") for line in outcomes(c)) for c in row.cells]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", LEGEND]) + "\n"


def as_json(rows: Sequence[MatrixRow], version: str) -> str:
    """{"schema": 1, "weft", "programs": [{"name", "file", "cells": [{"profile", "model", "refusal", "message",
    "outcomes": [STRING] or null, "violations": [STRING], "complete": BOOL}]}]}"""
    programs = [{"name": r.name, "file": r.file, "cells": [_cell(c) for c in r.cells]} for r in rows]
    return json.dumps({"schema": 1, "weft": version, "programs": programs}, indent=1, ensure_ascii=False) + "\n"


def html(rows: Sequence[MatrixRow]) -> str:
    """A page by itself."""
    page = ElementTree.Element("html", lang="en")
    head = ElementTree.SubElement(page, "head")
    ElementTree.SubElement(head, "meta", charset="utf-8")
    ElementTree.SubElement(head, "title").text = "weft matrix"
    ElementTree.SubElement(head, "style").text = _STYLE
    body = ElementTree.SubElement(page, "body")
    grid = ElementTree.SubElement(body, "table")
    top = ElementTree.SubElement(grid, "tr")
    for name in ("program", *(c.profile for c in rows[0].cells)) if rows else ():
        ElementTree.SubElement(top, "th").text = name
    for row in rows:
        line = ElementTree.SubElement(grid, "tr")
        ElementTree.SubElement(line, "th").text = row.name
        for c in row.cells:
            at = ElementTree.SubElement(
                line, "td", {"class": "refused" if c.refusal else "runs", "title": c.message or "; ".join(c.violations)}
            )
            for outcome in outcomes(c):
                ElementTree.SubElement(at, "div").text = outcome
    ElementTree.SubElement(body, "p").text = LEGEND
    return "<!DOCTYPE html>\n" + ElementTree.tostring(page, "unicode", method="html") + "\n"


_STYLE = (
    "body { font: 14px sans-serif } table { border-collapse: collapse } "
    "th, td { border: 1px solid #ccc; padding: 4px 8px; text-align: left; vertical-align: top } "
    "td.refused { color: #777; background: #f6f6f6 }"
)


def outcomes(cell: Cell) -> list[str]:
    """What stands in a cell, a line for each outcome."""
    if cell.refusal is not None:
        return [cell.refusal.value]
    assert cell.table is not None and cell.subject is not None  # a program that runs has both
    names, subject = Names.of(cell.subject), cell.subject

    def line(outcome: Outcome) -> str:
        ended = [f"{names.thread(t)}:{s.value}" for t, s in outcome.statuses if s is not Status.DONE]
        return " ".join([*names.bindings(outcome, subject.shown, False), *ended]) or "ends"

    found = [*dict.fromkeys(map(line, cell.table.outcomes))] or ["none"]
    if cell.violations:
        found = [f"{outcome} !" for outcome in found]
    return [*found, *(f"... {gap}" for gap in cell.table.gaps)]


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "profile": cell.profile,
        "model": cell.model,
        "refusal": cell.refusal.value if cell.refusal is not None else None,
        "message": cell.message,
        "outcomes": None if cell.table is None else outcomes(cell),
        "violations": list(cell.violations),
        "complete": cell.table is not None and not cell.table.gaps,
    }
