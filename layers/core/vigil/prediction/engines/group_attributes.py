"""Attributes by which fairness is measured, such as sex or region. They are never features of a model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupAttribute:
    """An attribute of a subject, declared in the manifest.

    A caller gives one of `values`. A derived attribute has the name of a feature in `source` instead, and rising `cuts`
    of it: value `i` of `values` means `cuts[i - 1] <= x < cuts[i]`, so there is one value more than cuts. A sealed
    attribute is stored encrypted and appears only in aggregates.
    """

    name: str
    values: tuple[str, ...]
    source: str | None = None
    cuts: tuple[float, ...] = ()
    is_sealed: bool = False
