"""One way to print every list: a table, `-q`, `--format json`, or a template."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.cli.arguments import Parser
from engine.cli.render.table import table
from engine.cli.render.template import Template

Row = Mapping[str, str]
"""Docker's field names and their text."""


class Column(NamedTuple):
    """One column of the default table."""

    field: str
    header: str


def add_format(parser: Parser, *, short: bool = False) -> None:
    """The option that every list has; `short` adds -f, which is a filter elsewhere."""
    names = ("-f", "--format") if short else ("--format",)
    parser.add_argument(
        *names, metavar="FORMAT", help="json, or a template such as '{{.ID}} {{.Names}}' or 'table ...'"
    )


def write_listing(columns: Sequence[Column], rows: Iterable[Row], form: str | None) -> None:
    """Print the rows on stdout."""
    sys.stdout.write(format_listing(columns, rows, form))


def format_listing(columns: Sequence[Column], rows: Iterable[Row], form: str | None) -> str:
    """The rows as text; `form` is None or `table` for the default table. Raises `InvalidInput`."""
    if form is None or form == "table":
        return table([column.header for column in columns], ([row[column.field] for column in columns] for row in rows))
    if form == "json":
        return "".join(f"{json.dumps(row)}\n" for row in rows)
    if form.startswith("table "):
        return _template_table(columns, rows, Template(form.removeprefix("table ")))
    template = Template(form)
    return "".join(f"{template.apply(row)}\n" for row in rows)


def _template_table(columns: Sequence[Column], rows: Iterable[Row], template: Template) -> str:
    headers = {column.field: column.header for column in columns}
    lines = [template.apply(row) for row in rows]
    cells = [line.split("\t") for line in [template.heading(headers), *lines]]
    width = max(len(line) for line in cells)
    padded = [line + [""] * (width - len(line)) for line in cells]
    return table(padded[0], padded[1:])
