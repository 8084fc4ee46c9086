"""What the registry needs from outside: an engine that can run a model, and somewhere packages and pointers live."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ports import VotingEngine
from vigil.prediction.engines.votes import EngineSpec

EngineFactory: TypeAlias = Callable[[EngineSpec, bytes, ModelContract, bytes | None], VotingEngine]
"""Builds an engine from the verified bytes of its file, and of its packed table if it has one; raises ModelRefused."""


CHAMPION = "champion"
"""The alias of the version that decides."""
CHALLENGER = "challenger"
"""The alias of a newer version on trial: it scores beside the champion, and decides for a share of the subjects."""
ALIASES = (CHAMPION, CHALLENGER)
FULL_SHARE = 1000
"""The share of all subjects; shares are counted per mille."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where an alias of a model points.

    `fence` rises by one with every move and is the compare-and-set token; `floor` is the lowest version that may
    still be loaded, and never falls. `share` is how many subjects in a thousand a challenger decides for; at 0 it only
    scores in the shadow, at None its trial has ended. A champion decides for all that no challenger takes.
    """

    name: str
    alias: str
    version: int
    digest: str
    fence: int
    floor: int
    share: int | None = 0


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """One line of the catalogue; what it says is copied from a manifest that was verified when it was published."""

    name: str
    version: int
    digest: str
    created_at: str
    expires_at: str
    key_id: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class VersionListing:
    """A published version, and the aliases that point at it now."""

    published: PublishedVersion
    aliases: tuple[str, ...]
    share: int | None = None
    """Of the challenger: subjects in a thousand that it decides for."""


class PackageStore(Protocol):
    """Immutable package files by model and version."""

    def put(self, name: str, version: int, files: Mapping[str, bytes]) -> None:
        """Store a package; raise Conflict if that version exists with other bytes.

        The same bytes again are no error, so that a publication that was cut short can be repeated.
        """
        ...

    def get(self, name: str, version: int, file: str) -> bytes:
        """Return one file whole.

        Raises ModelRefused: `missing_file` if it is not there, `oversized` above `file_limit`, before reading it.
        """
        ...


class PointerStore(Protocol):
    """Aliases of models: all that serving needs to know."""

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every alias of a model as it stands now, by alias; empty for a model without any."""
        ...

    def move(self, expected: Pointer | None, new: Pointer) -> None:
        """Compare-and-set on the fence; raise Conflict if another move came first."""
        ...

    def model_names(self) -> list[str]:
        """Return the names of all models with a champion, sorted."""
        ...


class Catalogue(PointerStore, Protocol):
    """Aliases and every published version: what publishing needs."""

    def record(self, published: PublishedVersion) -> None:
        """Note a published version; noting the same one again changes nothing."""
        ...

    def published(self) -> list[str]:
        """Return the names of all models with a published version, sorted."""
        ...

    def versions(self, name: str) -> list[PublishedVersion]:
        """Return the published versions of a model, oldest first."""
        ...
