"""Models for serving: loaded once, verified, refreshed without a deploy, and kept when the next one is bad."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal

from vigil.errors import ModelRefused, NotFound, Unavailable, VigilError
from vigil.prediction.engines.contract import MODEL_NAME_PATTERN
from vigil.prediction.packages.loaded import ChallengerTrial, LoadedModel
from vigil.prediction.packages.ports import CHALLENGER, CHAMPION, PackageStore, Pointer, PointerStore
from vigil.prediction.packages.verification import ExpectedPackage, PackageVerifier, read_package

REFRESH_INTERVAL = timedelta(minutes=1)
_ARCHIVE_SIZE = 4
_SLOTS = 256  # unknown names come from callers: what is remembered of them is bounded

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """What an operator should see: for logs and metrics; `reason` is a refusal's reason, or `unavailable`."""

    kind: Literal["model_loaded", "model_degraded", "model_update_failed"]
    name: str
    version: int | None
    reason: str = ""


@dataclass(slots=True)
class _Slot:
    """What is known of one name: the model in memory, when to look again, and what went wrong at the last look."""

    looked_at: datetime | None = None
    look_after: datetime | None = None
    loaded: LoadedModel | None = None
    trial: ChallengerTrial | None = None
    problem: VigilError | None = None

    def due(self, now: datetime) -> bool:
        # A clock that was set back must not keep a stale model for as long as it went back.
        return self.looked_at is None or self.look_after is None or not self.looked_at <= now < self.look_after


class Registry:
    """The models of this process.

    Safe to use from several threads: one load runs at a time, and others are served the last good model meanwhile.
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
        """Return the model that decides now; its pointers are looked at, in one read, no more than once a minute.

        Raises NotFound for an unknown model, Unavailable (from its cause) for one that cannot be served.
        """
        slot = self._slot(name)
        now = self._clock()
        if slot.due(now) and self._lock.acquire(blocking=slot.loaded is None):
            try:
                if slot.due(now):
                    self._look(name, slot, now)
            finally:
                self._lock.release()
        return _serve(name, slot, now)

    def trial(self, name: str) -> ChallengerTrial | None:
        """Return the challenger beside the champion that was returned last; looks nothing up."""
        slot = self._slots.get(name)
        trial = slot.trial if slot else None
        return trial if trial and not trial.model.is_expired(self._clock()) else None

    def archived(self, name: str, version: int) -> LoadedModel:
        """Return one exact version, for replaying a decision of the past; never to be used for a new decision.

        Verified like any other, but neither expiry nor floors apply. Raises ModelRefused or Unavailable.
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
        """Return the version that a piece of work was begun with, for new decisions: it must not have expired since.

        Raises ModelRefused or Unavailable.
        """
        model = self.archived(name, version)
        if model.digest != digest:
            raise ModelRefused("digest_mismatch", "the package is not the one that the work was begun with")
        if model.is_expired(self._clock()):
            raise ModelRefused("expired", "the package ran out while the work went on")
        return model

    def model_names(self) -> list[str]:
        """Return the names of all models with a champion; raise Unavailable if the pointers are away."""
        return self._pointers.model_names()

    def preload(self) -> None:
        """Load every champion that can be loaded, so that no request waits for it; `check` tells of the others."""
        with suppress(Unavailable):
            for name in self.model_names():
                with suppress(NotFound, Unavailable):
                    self.champion(name)

    def check_champions(self) -> None:
        """Return when every champion can be served; raise Unavailable when one cannot, or when there is none."""
        names = self.model_names()
        if not names:
            raise Unavailable("there is no model")
        for name in names:
            self.champion(name)

    def warnings(self, name: str) -> tuple[str, ...]:
        """Return why the model being served may not be the newest: for answers' `warnings`."""
        slot = self._slots.get(name)
        if slot is None or slot.loaded is None or slot.problem is None:
            return ()
        return (f"model_update_failed:{_reason(slot.problem)}",)

    def _slot(self, name: str) -> _Slot:
        if not MODEL_NAME_PATTERN.fullmatch(name):
            raise NotFound("there is no model of that name")
        if name not in self._slots and len(self._slots) >= _SLOTS:
            self._slots = {known: slot for known, slot in self._slots.items() if slot.loaded}
        return self._slots.setdefault(name, _Slot())

    def _look(self, name: str, slot: _Slot, now: datetime) -> None:
        problem: VigilError | None = None
        version = None
        try:
            pointers = self._pointers.pointers(name)
            pointer = pointers.get(CHAMPION)
            if pointer is None:
                problem = NotFound("there is no model of that name")
            else:
                version, current = pointer.version, slot.loaded
                # A whole model in memory is better than a newer one in parts; parts are better than nothing.
                complete = current is not None and current.runner.is_complete
                slot.loaded = self._load(pointer, current, now, require_all=complete)
            slot.trial = self._load_trial(pointers.get(CHALLENGER), slot, now)
        except (ModelRefused, Unavailable) as error:
            problem = error
            self._observe(RegistryEvent("model_update_failed", name, version, _reason(error)))
        slot.problem, slot.looked_at = problem, now
        # With nothing to serve, an absent dependency is tried again at once; a refused package is not downloaded again.
        retry = slot.loaded is None and isinstance(problem, Unavailable)
        slot.look_after = now if retry else now + REFRESH_INTERVAL

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
        """Return the challenger, or None: a challenger that is not there, is older or bad never harms the champion."""
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
        raise NotFound("there is no model of that name")
    if loaded is None:
        raise Unavailable(f"model {name} cannot be loaded: {_reason(problem)}") from problem
    if loaded.is_expired(now):
        raise Unavailable(f"model {name} cannot be used: expired") from ModelRefused("expired", "ran out while loaded")
    return loaded


def _reason(problem: VigilError | None) -> str:
    return problem.reason if isinstance(problem, ModelRefused) else "unavailable"
