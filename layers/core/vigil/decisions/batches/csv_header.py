"""Reads the header of a CSV file, and names the causes of a header that does not match the model."""

import csv
from collections import Counter
from collections.abc import Collection, Sequence

from vigil.decisions.batches.limits_model import MAX_IGNORED_COLUMNS
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.rows import AS_OF, GROUP_PREFIX, SUBJECT
from vigil.prediction.engines.contract import ModelContract

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_NAMED = 19
"""Unknown columns that are listed one by one."""
_NAMED_TWICE = 3
_SHOWN = 64
"""Characters of a column's name that a message shows."""


def parse_header(row: bytes, contract: ModelContract, ignore_unknown: bool = False) -> tuple[str, ...]:
    """Return the columns of a CSV header. Names at its end can be empty; the cells below them must be empty too.

    Raises InvalidInput for a header that does not match the model. `ignore_unknown` accepts columns that the model does
    not have, and names those without a name by their position. `max_columns` limits the number of columns.
    """
    text = _decode(row)
    known = known_columns(contract)
    _reject_separator(text, known)
    most = max_columns(known, ignore_unknown)
    names, total = _names(text, known)
    if causes := _causes(names, total, known, most, ignore_unknown):
        groups = ", ".join(sorted(name for name in known if name.startswith(GROUP_PREFIX)))
        inputs = f"features and groups ({groups})" if groups else "features"
        remedy = f"{SUBJECT}, {AS_OF} and {inputs} of the model, once each, in at most {most} columns"
        if not ignore_unknown:
            remedy += "; a batch with `ignore_unknown_columns` leaves out all others"
        # A file without a header begins with data of a person, so that its cells are counted and not named.
        has_header = SUBJECT in names and not ignore_unknown
        unknown = [name for name in dict.fromkeys(names) if name and name not in known] if has_header else []
        raise InvalidInput(
            FieldError("header", _listed(causes), remedy),
            *(FieldError(f"header.{name[:_SHOWN]}", "is not a column of this model") for name in unknown[:_NAMED]),
        )
    if ignore_unknown:
        return tuple(name or f"(column {place})" for place, name in enumerate(names, 1))
    return names


def known_columns(contract: ModelContract) -> frozenset[str]:
    """Return the columns that a file for this model may have."""
    groups = (GROUP_PREFIX + attribute.name for attribute in contract.groups if attribute.is_given)
    return frozenset({SUBJECT, AS_OF, *(spec.name for spec in contract.features), *groups})


def max_columns(known: Collection[str], ignore_unknown: bool) -> int:
    """Return the maximum columns of a header: twice those of the schema, or MAX_IGNORED_COLUMNS more than those."""
    return len(known) + MAX_IGNORED_COLUMNS if ignore_unknown else 2 * len(known)


def _decode(row: bytes) -> str:
    try:
        return row.decode().strip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(FieldError("header", "is not UTF-8", "save the file as CSV in UTF-8")) from error


def _names(text: str, known: Collection[str]) -> tuple[tuple[str, ...], int]:
    """Return the names of the columns and their number. Of an endless header, only the first names are read."""
    readable = len(known) + MAX_IGNORED_COLUMNS + sum(name.count(",") for name in known)
    separators = text.count(",")
    if separators > readable:
        if '"' in text:
            raise InvalidInput(FieldError("header", "has too many columns", f"at most {2 * len(known)} columns"))
        return tuple(name.strip() for name in text.split(",", readable)[:readable]), separators + 1
    try:
        (cells,) = csv.reader(text.splitlines(keepends=True), strict=True)
    except (ValueError, csv.Error) as error:
        raise InvalidInput(FieldError("header", "is not CSV", "RFC 4180: names separated by commas")) from error
    names = tuple(name.strip() for name in cells)
    return names, len(names)


def _causes(names: Sequence[str], total: int, known: Collection[str], most: int, ignore_unknown: bool) -> list[str]:
    """Return the causes of a refusal. The first ones do not depend on the names of other columns."""
    causes = [] if SUBJECT in names else [f"{SUBJECT} is missing"]
    twice = [
        name for name, count in Counter(names).items() if count > 1 and name and (name in known or not ignore_unknown)
    ]
    causes += [f"'{name[:_SHOWN]}' occurs twice" for name in twice[:_NAMED_TWICE]]
    if more := len(twice) - _NAMED_TWICE:
        causes += [_counted(more, "further name") + " more than once"] if more > 0 else []
    if any(name.startswith('"') for name in names):
        causes.append("a quote follows a space: remove the spaces behind the commas")
    if (empty := "\n".join(names).rstrip("\n").split("\n").count("")) and not ignore_unknown:
        causes.append(_counted(empty, "column") + " without a name")
    if total > most:
        causes.append(f"there are {total} columns, and at most {most} are read")
    unknown = len({*names} - {"", *known}) + total - len(names)
    if unknown and not ignore_unknown:
        causes.append(_counted(unknown, "unknown column"))
    return causes


def _reject_separator(text: str, known: Collection[str]) -> None:
    """Raise InvalidInput if the cells of a header are separated by another character than a comma."""
    if text[:4].lower() == "sep=":
        remedy = "remove this line, so that the header is the first row; columns are separated by commas"
        raise InvalidInput(FieldError("header", "is preceded by a line `sep=`", remedy))
    for separator, name in _SEPARATORS.items():
        cells = {cell.strip(' "') for cell in text.split(separator, 2 * len(known))}
        if separator in text and cells & set(known):
            remedy = "save the file with commas between the columns and points in decimal numbers"
            raise InvalidInput(FieldError("header", f"has columns separated by {name}; commas are needed", remedy))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(causes: Sequence[str]) -> str:
    *first, last = causes
    return f"{', '.join(first)}{',' if len(first) > 1 else ''} and {last}" if first else last
