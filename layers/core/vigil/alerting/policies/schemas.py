"""JSON of policies, routes and silences, as shown in OpenAPI."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vigil.alerting.alerts.model import AlertType, Severity
from vigil.alerting.policies.model import (
    MAX_REPEATS,
    MAX_ROUTES,
    MAX_STEPS,
    MAX_TARGETS,
    MAX_WAIT,
    Matcher,
    Policy,
    PolicyStep,
    Route,
    RouteList,
    Silence,
)
from vigil.kernel.time import format_timestamp
from vigil.web.field_types import Boolean, Moment, as_whole_number
from vigil.web.schemas import DATE_TIME

_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
_TARGET = r"^(channel|schedule|member):[a-z0-9-]{1,40}$"
_ROUTE_ID = r"^[a-z][a-z0-9-]{0,31}$"
_MINUTE = timedelta(minutes=1)

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROL_CHARACTERS)]
Text = Annotated[str, Field(max_length=200, pattern=_NO_CONTROL_CHARACTERS)]
Target = Annotated[str, Field(max_length=49, pattern=_TARGET)]
WaitMinutes = Annotated[int, Field(ge=1, le=MAX_WAIT // _MINUTE), as_whole_number]


class StepBody(BaseModel):
    """One step of a policy. All targets are notified together."""

    model_config = ConfigDict(extra="forbid")

    targets: list[Target] = Field(
        min_length=1, max_length=MAX_TARGETS, description="`channel:<id>`, `schedule:<id>` or `member:<id>`."
    )
    fallbacks: list[Target] = Field(
        default=[], max_length=MAX_TARGETS, description="Further targets, one after the other, if a channel fails."
    )
    wait_minutes: WaitMinutes = Field(default=15, description="Pause before the next step, in minutes.")

    def to_step(self) -> PolicyStep:
        """Return the step of this body."""
        return PolicyStep(tuple(self.targets), self.wait_minutes * _MINUTE, tuple(self.fallbacks))


class PolicyBody(BaseModel):
    """Steps that follow one another until a person acknowledges the alert."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    steps: list[StepBody] = Field(min_length=1, max_length=MAX_STEPS)
    repeats: Annotated[int, Field(ge=0, le=MAX_REPEATS), as_whole_number] = Field(
        default=0, description="Number of times that all steps run again after the last one."
    )

    def to_policy(self, policy_id: str = "") -> Policy:
        """Return the policy of this body. An id of "" is for a new policy."""
        return Policy(policy_id, self.name, tuple(step.to_step() for step in self.steps), self.repeats)


class PolicyStepView(BaseModel):
    """One step of a policy."""

    targets: list[str]
    fallbacks: list[str]
    wait_minutes: int


class PolicyView(BaseModel):
    """A policy with its version."""

    id: str
    name: str
    steps: list[PolicyStepView]
    repeats: int
    version: int

    @classmethod
    def from_policy(cls, policy: Policy) -> "PolicyView":
        """Return the view of a policy."""
        steps = [
            PolicyStepView(
                targets=list(step.targets), fallbacks=list(step.fallbacks), wait_minutes=step.wait // _MINUTE
            )
            for step in policy.steps
        ]
        return cls(id=policy.policy_id, name=policy.label, steps=steps, repeats=policy.repeats, version=policy.version)


class PolicyList(BaseModel):
    """All policies, in order of their ids."""

    items: list[PolicyView]


class MatcherBody(BaseModel):
    """Condition on alerts. All given parts must match."""

    model_config = ConfigDict(extra="forbid")

    types: list[AlertType] = Field(default=[], max_length=12, description="Allowed types; empty allows all types.")
    severity: Severity = Field(default="INFO", description="Lowest severity.")
    source: Text = Field(default="", description="Prefix of the source, such as `queue.`.")
    labels: dict[Annotated[str, Field(max_length=64)], Text] = Field(
        default={}, max_length=8, description="Labels that an alert must have."
    )

    def to_matcher(self) -> Matcher:
        """Return the matcher of this body."""
        return Matcher(tuple(self.types), self.severity, self.source, tuple(sorted(self.labels.items())))

    @classmethod
    def from_matcher(cls, matcher: Matcher) -> "MatcherBody":
        """Return the body of a matcher."""
        types, labels = list(matcher.types), dict(matcher.labels)
        return cls(types=types, severity=matcher.severity, source=matcher.source, labels=labels)


class RouteBody(BaseModel):
    """Selection of a policy for the alerts that match."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=32, pattern=_ROUTE_ID, description="Your id of the route; ids are different.")
    matcher: MatcherBody = MatcherBody()
    policy_id: str = Field(max_length=40)


class RouteListBody(BaseModel):
    """All routes. The first route that matches an alert selects its policy."""

    model_config = ConfigDict(extra="forbid")

    routes: list[RouteBody] = Field(max_length=MAX_ROUTES, description="Routes in order of precedence.")

    def to_routes(self) -> RouteList:
        """Return the routes of this body, without a version."""
        return RouteList(tuple(Route(each.id, each.matcher.to_matcher(), each.policy_id) for each in self.routes))


class RouteListView(BaseModel):
    """All routes with their version."""

    routes: list[RouteBody]
    version: int

    @classmethod
    def from_routes(cls, routes: RouteList) -> "RouteListView":
        """Return the view of all routes."""
        views = [
            RouteBody(id=route.route_id, matcher=MatcherBody.from_matcher(route.matcher), policy_id=route.policy_id)
            for route in routes.routes
        ]
        return cls(routes=views, version=routes.version)


class SilenceBody(BaseModel):
    """A time in which matching alerts send no notice."""

    model_config = ConfigDict(extra="forbid")

    matcher: MatcherBody
    starts_at: Moment | None = Field(default=None, description="Default: now.")
    ends_at: Moment = Field(description="At most 30 days after the start; 4 hours if `holds_critical`.")
    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=_NO_CONTROL_CHARACTERS)]
    holds_critical: Boolean = Field(default=False, description="Hold CRITICAL alerts too.")

    def to_silence(self, now: datetime, by: str, silence_id: str = "") -> Silence:
        """Return the silence of this body. `now` is its start if the body names none.

        `by` is its creator. An id of "" is for a new silence.
        """
        starts, ends = format_timestamp(self.starts_at or now), format_timestamp(self.ends_at)
        return Silence(silence_id, self.matcher.to_matcher(), starts, ends, self.reason, by, self.holds_critical)


class SilenceView(BaseModel):
    """A silence with its state and its version."""

    id: str
    matcher: MatcherBody
    starts_at: str = Field(json_schema_extra=DATE_TIME)
    ends_at: str = Field(json_schema_extra=DATE_TIME)
    reason: str
    created_by: str = Field(description="Role and key id of the creator.")
    holds_critical: bool
    state: Literal["scheduled", "active", "ended"]
    version: int

    @classmethod
    def from_silence(cls, silence: Silence, now: datetime) -> "SilenceView":
        """Return the view of a silence. `now` decides its state."""
        moment = format_timestamp(now)
        state: Literal["scheduled", "active", "ended"] = "active"
        if moment < silence.starts_at:
            state = "scheduled"
        elif moment >= silence.ends_at:
            state = "ended"
        names = ("starts_at", "ends_at", "reason", "created_by", "holds_critical", "version")
        fields = {name: getattr(silence, name) for name in names}
        matcher = MatcherBody.from_matcher(silence.matcher)
        return cls(id=silence.silence_id, matcher=matcher, state=state, **fields)


class SilenceList(BaseModel):
    """All silences, in order of their ids. An ended silence stays for at most 30 days."""

    items: list[SilenceView]
