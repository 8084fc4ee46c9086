"""Follow-ups of ended notices: usage to report, and alerts to the operators. Each is stored until its work is done."""

from collections.abc import Iterable

from vigil.alerting.channels.ports import UsageReports
from vigil.alerting.notices.model import FollowUp, NoticeRef
from vigil.alerting.notices.ports import AlertSource, NoticeStore


class FollowUps:
    """Does the follow-ups of all tenants, at least once each. Their event ids make a repetition harmless."""

    def __init__(self, store: NoticeStore, usage: UsageReports, operators: AlertSource) -> None:
        self._store = store
        self._usage = usage
        self._operators = operators

    def run(self, follow_ups: Iterable[FollowUp]) -> None:
        """Report the usage or send the alert of each follow-up, then delete it.

        Raises Unavailable. Follow-ups that are not deleted are done again later.
        """
        for follow_up in follow_ups:
            if follow_up.kind == "usage":
                self._usage.report(follow_up.notice.tenant_id, follow_up.usage_event())
            else:
                self._operators(follow_up.operators_event())
            self._store.delete_follow_up(follow_up)

    def resume(self, ref: NoticeRef) -> None:
        """Do the stored follow-ups of a notice, which an earlier delivery left. Raises Unavailable."""
        self.run(self._store.follow_ups(ref))
