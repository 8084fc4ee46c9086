"""Policies, routes and silences as JSON documents, the form in which they are stored."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from vigil.alerting.policies.model import Matcher, Policy, PolicyStep, Route, RouteList, Silence

Document = dict[str, Any]


def policy_document(policy: Policy) -> Document:
    """Return a policy as a JSON document. The pause after a step is in seconds."""
    steps = [
        {"targets": list(step.targets), "wait": step.wait.total_seconds(), "fallbacks": list(step.fallbacks)}
        for step in policy.steps
    ]
    return asdict(replace(policy, steps=())) | {"steps": steps}


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Return the policy of a document that `policy_document` made."""
    steps = tuple(
        PolicyStep(tuple(step["targets"]), timedelta(seconds=step["wait"]), tuple(step["fallbacks"]))
        for step in document["steps"]
    )
    return Policy(**{**document, "steps": steps})


def route_list_document(routes: RouteList) -> Document:
    """Return the list of routes as a JSON document."""
    return asdict(routes)


def read_route_list(document: Mapping[str, Any]) -> RouteList:
    """Return the list of routes of a document that `route_list_document` made."""
    routes = (Route(**{**route, "matcher": _read_matcher(route["matcher"])}) for route in document["routes"])
    return RouteList(tuple(routes), document["version"])


def silence_document(silence: Silence) -> Document:
    """Return a silence as a JSON document."""
    return asdict(silence)


def read_silence(document: Mapping[str, Any]) -> Silence:
    """Return the silence of a document that `silence_document` made."""
    return Silence(**{**document, "matcher": _read_matcher(document["matcher"])})


def _read_matcher(document: Mapping[str, Any]) -> Matcher:
    pairs = tuple((name, value) for name, value in document["labels"])
    return Matcher(tuple(document["types"]), document["severity"], document["source"], pairs)
