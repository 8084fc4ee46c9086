"""Authors of acts: the keys of persons, and the rule that tells two persons apart by their keys."""

from collections.abc import Collection
from dataclasses import dataclass

_ONE_ORIGIN = (
    "A second person must confirm this action. Your key and that of the dry run have one origin, so one person may "
    "have both. Use a key that `vigil tenants create-key` made for another person."
)
_TOO_NEW = (
    "A second person must confirm this action. Your key is younger than the incident. Use a key that is older than it."
)


@dataclass(frozen=True, slots=True)
class Author:
    """The key with which a person acts: its role and id as `name`, its origins, and the timestamp of its creation.

    `origins` are the keys of the command line from which the key descends. `key_created_at` is "" if it is unknown.
    """

    name: str
    origins: tuple[str, ...] = ()
    key_created_at: str = ""


def second_person_refusal(first: str, origins: Collection[str], second: Author, opened_at: str) -> str:
    """Return the reason why an author is no second person beside the author of a dry run, or "".

    `first` and `origins` are the name and the origins of the key of the dry run. A person can create and rotate keys
    through the API, but all of them have an origin of that person's key. A key from after the opening of the incident
    may be made for the confirmation. Unknown origins and an unknown time of creation are refused.
    """
    have_one_origin = not origins or not second.origins or not set(origins).isdisjoint(second.origins)
    if second.name == first or have_one_origin:
        return _ONE_ORIGIN
    return "" if second.key_created_at and second.key_created_at < opened_at else _TOO_NEW
