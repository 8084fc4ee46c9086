"""Registry of the models that serve requests: verified, cached, refreshed without a deployment.

A model stays in use if its next version cannot be loaded.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

from vigil.errors import ModelRefused, NotFound, Unavailable, VigilError
from vigil.prediction.engines.contract import is_model_name
from vigil.prediction.packages.loaded import ChallengerTrial, LoadedModel
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION, PackageStore, Pointer, PointerStore
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, read_package

REFRESH_INTERVAL = timedelta(minutes=1)
_ARCHIVE_SIZE = 4
_SLOTS = 256  # limit, because callers choose the names

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """A load or a failed update of a model, for logs and metrics.

    `reason` is the reason of a refusal, or `unavailable`.
    """

    kind: Literal["model_loaded", "model_degraded", "model_update_failed"]
    name: str
    version: int | None
    reason: str = ""


@dataclass(slots=True)
class _Slot:
    """Cached state of one model name: the loaded models, the time of the next refresh, and the last problem."""

    refreshed_at: datetime | None = None
    refresh_after: datetime | None = None
    loaded: LoadedModel | None = None
    trial: ChallengerTrial | None = None
    problem: VigilError | None = None

    def due(self, now: datetime) -> bool:
        # If the clock was set back, refresh at once; otherwise a stale model would stay for that time.
        return (
            self.refreshed_at is None or self.refresh_after is None or not self.refreshed_at <= now < self.refresh_after
        )


class Registry:
    """The models of this process.

    Safe to use from several threads: one load runs at a time, and meanwhile other threads receive the last good model.
    """

    def __init__(
        self,
        packages: PackageStore,
        pointers: PointerStore,
        verifier: PackageVerifier,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        observe: Callable[[RegistryEvent], None] = lambda _: None,
    ) -> None:
        self._packages = packages
        self._pointers = pointers
        self._verifier = verifier
        self._clock = clock
        self._observe = observe
        self._slots: dict[str, _Slot] = {}
        self._archive: dict[tuple[str, int], LoadedModel] = {}
        self._lock = Lock()

    def champion(self, name: str) -> LoadedModel:
        """Return the model that decides now; its pointers are read once, at most every minute.

        Raises NotFound for an unknown model, or Unavailable (from its cause) if the model cannot be served.
        """
        slot = self._slot(name)
        now = self._clock()
        if slot.due(now) and self._lock.acquire(blocking=slot.loaded is None):
            try:
                if slot.due(now):
                    self._refresh(name, slot, now)
            finally:
                self._lock.release()
        return _serve(name, slot, now)

    def trial(self, name: str) -> ChallengerTrial | None:
        """Return the challenger of the model that this process has loaded, None without one. Reads memory only."""
        slot = self._slots.get(name)
        trial = slot.trial if slot else None
        return trial if trial and not trial.model.is_expired(self._clock()) else None

    def archived(self, name: str, version: int) -> LoadedModel:
        """Return one exact version for replaying an earlier decision; never use it for new decisions.

        It is verified like any other package, but expiry and floors do not apply. Raises ModelRefused or Unavailable.
        """
        slot, key = self._slots.get(name), (name, version)
        if slot and slot.loaded and slot.loaded.version == version:
            return slot.loaded
        with self._lock:
            if key not in self._archive:
                files = read_package(self._packages, name, version)
                model = self._verifier.verify(files, ExpectedPackage(name, version, require_all=False))
                if len(self._archive) >= _ARCHIVE_SIZE:
                    self._archive.pop(next(iter(self._archive)))
                self._archive[key] = model
            return self._archive[key]

    def pinned(self, name: str, version: int, digest: str) -> LoadedModel:
        """Return the exact version with which a job was started, for new decisions.

        Raises ModelRefused if the package differs or has expired, or Unavailable.
        """
        model = self.archived(name, version)
        if model.digest != digest:
            raise ModelRefused("digest_mismatch", "the package is not the one with which the job was started")
        if model.is_expired(self._clock()):
            raise ModelRefused("expired", "the package expired while the job was running")
        return model

    def model_names(self) -> list[str]:
        """Return the names of all models with a champion; raise Unavailable if the pointers cannot be read.

        The list omits names that no request can contain. Earlier releases could publish models under such names.
        """
        return [name for name in self._pointers.model_names() if is_model_name(name)]

    def preload(self) -> None:
        """Load all champions that can be loaded before the first request; `check_champions` reports the others."""
        with suppress(Unavailable):
            for name in self.model_names():
                with suppress(NotFound, Unavailable):
                    self.champion(name)

    def check_champions(self) -> None:
        """Check that every champion can be served; raise Unavailable if one cannot, or if there is no model."""
        names = self.model_names()
        if not names:
            raise Unavailable("there is no model; publish and promote one")
        for name in names:
            self.champion(name)

    def warnings(self, name: str) -> tuple[str, ...]:
        """Return the reasons for which a newer version may not be in use, for the `warnings` of answers."""
        slot = self._slots.get(name)
        if slot is None or slot.loaded is None or slot.problem is None:
            return ()
        return (f"model_update_failed:{_reason(slot.problem)}",)

    def _slot(self, name: str) -> _Slot:
        if not is_model_name(name):
            raise NotFound("There is no such model. GET /v1/models lists all.")
        if name not in self._slots and len(self._slots) >= _SLOTS:
            self._slots = {known: slot for known, slot in self._slots.items() if slot.loaded}
        return self._slots.setdefault(name, _Slot())

    def _refresh(self, name: str, slot: _Slot, now: datetime) -> None:
        problem: VigilError | None = None
        version = None
        try:
            pointers = self._pointers.pointers(name)
            pointer = pointers.get(CHAMPION)
            if pointer is None or pointer.share is None:
                problem = NotFound("There is no such model. GET /v1/models lists all.")
            else:
                version, current = pointer.version, slot.loaded
                # A complete model in memory is preferred to a newer incomplete one; an incomplete one is preferred to
                # none.
                complete = current is not None and current.runner.is_complete
                slot.loaded = self._load(pointer, current, now, require_all=complete)
            slot.trial = self._load_trial(pointers.get(CHALLENGER), slot, now)
        except (ModelRefused, Unavailable) as error:
            problem = error
            self._observe(RegistryEvent("model_update_failed", name, version, _reason(error)))
        slot.problem, slot.refreshed_at = problem, now
        # Without a model, an unavailable dependency is retried at once. A refused package is not downloaded again.
        retry = slot.loaded is None and isinstance(problem, Unavailable)
        slot.refresh_after = now if retry else now + REFRESH_INTERVAL

    def _load(self, pointer: Pointer, current: LoadedModel | None, now: datetime, *, require_all: bool) -> LoadedModel:
        if current and current.digest == pointer.digest and current.runner.is_complete:
            return current
        floor = max(pointer.floor, current.version if current else 1)
        expected = ExpectedPackage(pointer.name, pointer.version, pointer.digest, floor, now, require_all=require_all)
        files = read_package(self._packages, pointer.name, pointer.version)
        model = self._verifier.verify(files, expected)
        kind: Literal["model_loaded", "model_degraded"] = (
            "model_loaded" if model.runner.is_complete else "model_degraded"
        )
        self._observe(RegistryEvent(kind, pointer.name, pointer.version))
        return model

    def _load_trial(self, pointer: Pointer | None, slot: _Slot, now: datetime) -> ChallengerTrial | None:
        """Return the challenger, or None if it is missing, older than the champion, or refused; the champion is
        unaffected.
        """
        champion = slot.loaded
        if pointer is None or pointer.share is None or champion is None or pointer.version <= champion.version:
            return None
        try:
            current = slot.trial.model if slot.trial else champion
            return ChallengerTrial(self._load(pointer, current, now, require_all=True), pointer.share)
        except (ModelRefused, Unavailable) as error:
            self._observe(RegistryEvent("model_update_failed", pointer.name, pointer.version, _reason(error)))
            return None


def _serve(name: str, slot: _Slot, now: datetime) -> LoadedModel:
    loaded, problem = slot.loaded, slot.problem
    if isinstance(problem, NotFound):
        raise NotFound("There is no such model. GET /v1/models lists all.")
    if loaded is None:
        raise Unavailable(f"model {name} cannot be loaded: {_reason(problem)}") from problem
    if loaded.is_expired(now):
        raise Unavailable(f"model {name} cannot be used: expired") from ModelRefused("expired", "ran out while loaded")
    return loaded


def _reason(problem: VigilError | None) -> str:
    return problem.reason if isinstance(problem, ModelRefused) else "unavailable"
