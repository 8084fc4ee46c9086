"""Ports of the packages room: engine factory, package storage, alias storage and blocks of promotions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from vigil.prediction.engines.contract import ModelContract
from vigil.prediction.engines.ports import VotingEngine
from vigil.prediction.engines.votes import EngineSpec

EngineFactory: TypeAlias = Callable[[EngineSpec, bytes, ModelContract, bytes | None], VotingEngine]
"""Builds an engine from its verified file, and from its packed table if there is one; raises ModelRefused."""


CHAMPION = "champion"
"""Alias of the version that decides."""
CHALLENGER = "challenger"
"""Alias of a newer version on trial: it scores beside the champion and decides for a share of the subjects."""
ALIASES = (CHAMPION, CHALLENGER)
FULL_SHARE = 1000
"""Share of all subjects; shares are counted per mille."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Target of a model's alias.

    `fence` rises by one with every move and is the compare-and-set token. `floor` is the lowest version that may still
    be loaded; it never falls. `share` is the number of subjects per mille that a challenger decides for: at 0 it only
    scores in shadow. A champion decides for all other subjects. At None the alias is withdrawn: it has no version.
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
    """Catalogue entry of one version, copied from its manifest when it was verified and published."""

    name: str
    version: int
    digest: str
    created_at: str
    expires_at: str
    key_id: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class VersionListing:
    """A published version and its current aliases."""

    published: PublishedVersion
    aliases: tuple[str, ...]
    share: int | None = None
    """Share of subjects per mille that the version decides for, if it is the challenger; otherwise None."""


class PackageStore(Protocol):
    """Immutable package files by model and version."""

    def put(self, name: str, version: int, files: Mapping[str, bytes]) -> None:
        """Store a package; raise Conflict if the version exists with other bytes.

        Storing the same bytes again succeeds, so that an interrupted publication can be repeated.
        """
        ...

    def get(self, name: str, version: int, file: str) -> bytes:
        """Return the content of one file.

        Raises ModelRefused: `missing_file` if it does not exist, or `oversized` if it exceeds `file_limit`, before
        reading it.
        """
        ...


class PointerStore(Protocol):
    """Aliases of models, as serving reads them."""

    def pointers(self, name: str) -> Mapping[str, Pointer]:
        """Return every current alias of a model, by alias; empty for a model without aliases."""
        ...

    def move(self, expected: Pointer | None, new: Pointer) -> None:
        """Replace a pointer by compare-and-set on the fence; raise Conflict if another move came first."""
        ...

    def model_names(self) -> list[str]:
        """Return the names of all models with a champion, sorted."""
        ...


class Catalogue(PointerStore, Protocol):
    """Aliases and published versions, as publishing needs them."""

    def record(self, published: PublishedVersion) -> None:
        """Record a published version; recording the same version again has no effect."""
        ...

    def published(self) -> list[str]:
        """Return the names of all models with a published version, sorted."""
        ...

    def versions(self, name: str) -> list[PublishedVersion]:
        """Return the published versions of a model, oldest first."""
        ...


class PromotionBlocks(Protocol):
    """Reasons outside this room for which no version of a model may be promoted, such as an open fairness finding."""

    def blocking(self, model: str) -> str | None:
        """Return the reason with its remedy, such as the finding and how to decide about it; None if there is none."""
        ...
