"""Addresses of hosts, with a bound on the time: the resolver of the system may wait for longer than a function runs."""

import socket
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread

MAX_LOOKUPS = 8
"""Maximum look-ups at a time. A resolver that does not return occupies its thread until it does."""


class Unresolved(Exception):
    """The host has no address."""


class UnresolvedInTime(Unresolved):
    """The resolver did not answer in time, or too many look-ups are running."""


class NameResolver:
    """The resolver of the system, which runs in threads of its own."""

    def __init__(self, max_lookups: int = MAX_LOOKUPS) -> None:
        self._free = BoundedSemaphore(max_lookups)

    def look_up(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the distinct addresses of a host in the resolver's order, at least one, within `seconds`.

        Raises Unresolved for a host without an address, and UnresolvedInTime.
        """
        if not self._free.acquire(blocking=False):
            raise UnresolvedInTime
        found: SimpleQueue[list[str]] = SimpleQueue()
        Thread(target=self._ask, args=(host, port, found), daemon=True).start()
        try:
            addresses = found.get(timeout=seconds)
        except Empty:
            raise UnresolvedInTime from None
        if not addresses:
            raise Unresolved
        return addresses

    def _ask(self, host: str, port: int, found: "SimpleQueue[list[str]]") -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(address[0]) for *_, address in answers)))
        except (OSError, UnicodeError):  # the second one for a name that no resolver accepts
            found.put([])
        finally:
            self._free.release()
