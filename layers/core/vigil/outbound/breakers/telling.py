"""Telling of transitions: observers are told of each stored opening and closing, also after a crash of its writer.

A transition is stored as untold in the write that makes it. Its writer tells it at once. If the writer dies, or loses
the answer of the write, the next process that reads the circuit tells it.
"""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from vigil.errors import Unavailable
from vigil.outbound.breakers.model import RETELL_AFTER, Circuit, CircuitId, Transition


class Tellings(Protocol):
    """The part of the store of circuits with the untold transitions. Its methods raise Unavailable."""

    def claim_telling(self, circuit_id: CircuitId, transition: Transition, until: datetime) -> bool:
        """Delay `retell_at` of an untold transition; return False if it was told or claimed since."""
        ...

    def end_telling(self, circuit_id: CircuitId, transition: Transition) -> None:
        """Remove a transition that observers have been told of. A removed one is no error."""
        ...


class TransitionObserver(Protocol):
    """Observer of transitions."""

    def observe(self, circuit_id: CircuitId, transition: Transition) -> bool:
        """Observe an opening or closing. Return False if its event was not accepted and must be sent again."""
        ...


def tell_own(store: Tellings, observer: TransitionObserver, circuit: Circuit) -> None:
    """Tell the transition into the epoch of a circuit, if there is one. The caller has just stored it."""
    for transition in circuit.untold:
        if transition.epoch == circuit.epoch:
            _tell(store, observer, circuit.id, transition)


def tell_late(store: Tellings, observer: TransitionObserver, circuit: Circuit, now: datetime) -> None:
    """Tell the transitions that their writers have not told in time. One process claims each of them."""
    with suppress(Unavailable):  # the next process that reads the circuit tells them
        for transition in circuit.untold:
            if transition.retell_at <= now and store.claim_telling(circuit.id, transition, now + RETELL_AFTER):
                _tell(store, observer, circuit.id, transition)


def _tell(store: Tellings, observer: TransitionObserver, circuit_id: CircuitId, transition: Transition) -> None:
    if observer.observe(circuit_id, transition):
        with suppress(Unavailable):  # told again later, with the same event id
            store.end_telling(circuit_id, transition)
