"""Hooks of SnapStart: calls before Lambda takes a snapshot of a function, and after it restores one."""

from collections.abc import Callable, Mapping

VARIABLE = "AWS_LAMBDA_INITIALIZATION_TYPE"
"""Variable that Lambda sets while a function starts."""
SNAP_START = "snap-start"
"""Value of the variable while Lambda prepares a snapshot."""


def register_hooks(
    environment: Mapping[str, str], before_snapshot: Callable[[], None], after_restore: Callable[[], None]
) -> None:
    """Register two hooks if Lambda prepares a snapshot of this process. Lambda allows 10 seconds after a restore."""
    if environment.get(VARIABLE) == SNAP_START:
        # Only a start for a snapshot pays for this import.
        from snapshot_restore_py import register_after_restore, register_before_snapshot  # noqa: PLC0415 - see above

        register_before_snapshot(before_snapshot)
        register_after_restore(after_restore)
