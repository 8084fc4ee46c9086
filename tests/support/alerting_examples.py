"""Examples of the parts of an alerting configuration, valid together."""

from datetime import UTC, date, datetime, time, timedelta

from vigil.alerting.oncall.model import Layer, Member, Override, Schedule, Window
from vigil.alerting.policies.model import ConfiguredChannel, Matcher, Policy, PolicyStep, Route, RouteList, Silence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN = Member("mem-ann", "Ann", "ann@example.com", "0123456789abcdef")
BEN = Member("mem-ben", "Ben", "ben@example.com")
OFFICE = Window((0, 1, 2, 3, 4), time(9), time(17, 30))
WEEKLY = Layer("weekly", ("mem-ann", "mem-ben"), 1, "week", date(2026, 11, 16), time(9))
DAILY = Layer("office", ("mem-ben",), 2, "day", date(2026, 11, 16), time(0), (OFFICE,))
OVERRIDE = Override("mem-ann", NOW + timedelta(days=30), NOW + timedelta(days=31))
ROTA = Schedule("sch-rota", "Rota", "Europe/Berlin", (WEEKLY, DAILY), (OVERRIDE,))
PAGER = ConfiguredChannel("chn-pager", "pagerduty")
STEPS = (
    PolicyStep(("channel:chn-pager", "schedule:sch-rota"), timedelta(minutes=5), ("member:mem-ben",)),
    PolicyStep(("member:mem-ann",), timedelta(minutes=30)),
)
POLICY = Policy("pol-ops", "Operations", STEPS, repeats=2)
MATCHER = Matcher(("system_down", "work_stuck"), "ERROR", "queue.", (("region", "eu"), ("team", "data")))
ROUTES = RouteList((Route("queues", MATCHER, "pol-ops"), Route("rest", Matcher(), "pol-ops")))
SILENCE = Silence(
    *("sil-work", MATCHER, "2026-11-21T12:00:00.000000Z", "2026-11-21T14:00:00.000000Z"),
    *("Planned work", "admin:0123456789abcdef"),
    holds_critical=True,
)
