"""Notification of observers of each stored opening and closing, also after a crash of its writer.

A transition is stored as untold in the write that makes it. Its writer notifies observers at once. If the writer ends
before, or loses the answer of the write, the next process that reads the circuit notifies them.
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from vigil.errors import Unavailable
from vigil.outbound.breakers.model import RETELL_AFTER, Circuit, CircuitId, Transition


class Tellings(Protocol):
    """The part of the store of circuits that has the untold transitions. Both methods raise Unavailable."""

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        """Claim the notification of observers of a transition: store `until` as its `retell_at`, and return True.

        Return False if observers were notified, or another process has claimed it since it was read.
        """
        ...

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        """Remove a transition from the untold ones, because observers were notified. A removed one is no error."""
        ...


class TransitionObserver(Protocol):
    """Observer of transitions."""

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Observe an opening or closing. Return True if its event was accepted.

        Return False if it must be sent again.
        """
        ...


def tell_own(store: Tellings, observer: TransitionObserver, circuit: Circuit) -> None:
    """Notify the observer of the transition that the caller has just stored, if the circuit's epoch began with one.

    Raises no error of the store. If the event or the record of it fails, `tell_late` repeats it.
    """
    for transition in circuit.untold:
        if transition.epoch == circuit.epoch:
            _tell(store, observer, circuit.id, transition)


def tell_late(store: Tellings, observer: TransitionObserver, circuit: Circuit, now: datetime) -> None:
    """Notify the observer of the transitions whose writers have not done it in time.

    Of several processes, only the one that claims a transition does. Raises no error of the store.
    """
    with suppress(Unavailable):  # the next process that reads the circuit tells them
        for transition in circuit.untold:
            if transition.retell_at <= now and store.claim_telling(circuit.id, transition, now + RETELL_AFTER):
                _tell(store, observer, circuit.id, transition)


def _tell(store: Tellings, observer: TransitionObserver, circuit_id: CircuitId, transition: Transition) -> None:
    if observer.observe(circuit_id, transition):
        with suppress(Unavailable):  # told again later, with the same event id
            store.end_telling(circuit_id, transition)
