"""Options and secrets of each kind of channel, with their rules."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from vigil.alerting.channels import opsgenie_model
from vigil.alerting.channels.model import Channel, ChannelKind
from vigil.errors import FieldError, InvalidInput
from vigil.kernel.addresses import MAIL_ADDRESS

MAX_CHANNELS = 20
"""Maximum channels of a tenant."""
BASE_URL = "base_url"
"""Option with the address of a local copy of a vendor. Only the stage `local` allows it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule of an option or a secret. `bound` describes the allowed texts in an error message.

    `default` is the value of an absent option; empty means that it has none.
    """

    pattern: re.Pattern[str]
    bound: str
    is_required: bool = False
    default: str = ""


_BASE = re.compile(r"https?://[\x21-\x7e]{1,200}")
_REGION = re.compile(r"us|eu")
_SLACK_CHANNEL = re.compile(r"[CG][A-Z0-9]{8,20}")
_OPSGENIE_BASE = re.compile(r"us|eu|jsm")
_FORMAT = re.compile(r"vigil|teams")
_ROUTING_KEY = re.compile(r"[A-Za-z0-9]{32}")
_INBOUND_SECRET = re.compile(r"[\x21-\x7e]{16,200}")
_BOT_TOKEN = re.compile(r"xoxb-[A-Za-z0-9-]{10,200}")
_SLACK_WEBHOOK = re.compile(r"https://hooks\.slack(?:-gov)?\.com/services/[A-Za-z0-9/]{10,200}")
_API_KEY = re.compile(r"[A-Za-z0-9-]{20,100}")
_URL = re.compile(r"https?://[\x21-\x7e]{1,2000}")
_SIGNING_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")

_LOCAL = Rule(_BASE, "an address of a local copy of the vendor")
_INBOUND = "16 to 200 visible ASCII characters"
OPTIONS: Mapping[ChannelKind, Mapping[str, Rule]] = {
    "pagerduty": {"region": Rule(_REGION, "us or eu", default="us"), BASE_URL: _LOCAL},
    "slack": {"channel": Rule(_SLACK_CHANNEL, "the id of a channel, such as C0123456789"), BASE_URL: _LOCAL},
    "opsgenie": {"base": Rule(_OPSGENIE_BASE, "us, eu or jsm", is_required=True), BASE_URL: _LOCAL},
    "email": {"address": Rule(MAIL_ADDRESS, "one e-mail address in ASCII", is_required=True)},
    "webhook": {"format": Rule(_FORMAT, "vigil or teams", default="vigil")},
}
"""Rules of the options by kind and name."""
SECRETS: Mapping[ChannelKind, Mapping[str, Rule]] = {
    "pagerduty": {
        "routing_key": Rule(_ROUTING_KEY, "32 letters and digits", is_required=True),
        "webhook_secret": Rule(_INBOUND_SECRET, _INBOUND),
    },
    "slack": {
        "bot_token": Rule(_BOT_TOKEN, "xoxb- with letters, digits and hyphens"),
        "webhook_url": Rule(_SLACK_WEBHOOK, "https://hooks.slack.com/services/..."),
        "signing_secret": Rule(_INBOUND_SECRET, _INBOUND),
    },
    "opsgenie": {"api_key": Rule(_API_KEY, "20 to 100 letters, digits and hyphens", is_required=True)},
    "email": {},
    "webhook": {
        "url": Rule(_URL, "an https address", is_required=True),
        "signing_secret": Rule(_SIGNING_SECRET, "whsec_ and 24 to 64 bytes in base64"),
    },
}
"""Rules of the secrets by kind and name. The first secret that a channel has gives its hint."""
INBOUND_SECRETS: Mapping[ChannelKind, str] = {"pagerduty": "webhook_secret", "slack": "signing_secret"}
"""Name of the secret with which a vendor signs its requests to Vigil, by kind. Other kinds send none."""


def with_defaults(kind: ChannelKind, options: Mapping[str, str]) -> dict[str, str]:
    """Return the options with the defaults of the absent ones."""
    defaults = {name: rule.default for name, rule in OPTIONS[kind].items() if rule.default}
    return defaults | dict(options)


def check(kind: ChannelKind, options: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Raise InvalidInput with every option and secret that breaks a rule of the kind. Return if all are valid."""
    problems = [
        *_broken("options", kind, OPTIONS[kind], options),
        *_broken("secrets", kind, SECRETS[kind], secrets),
        *_combinations(kind, options, secrets),
    ]
    if problems:
        raise InvalidInput(*problems)


def main_secret(kind: ChannelKind, secrets: Mapping[str, str]) -> str:
    """Return the secret whose last characters are shown, or an empty text for a channel without secrets."""
    return next((secrets[name] for name in SECRETS[kind] if name in secrets), "")


def warning(channel: Channel, now: datetime) -> str:
    """Return the warning about a channel whose vendor ends its service; empty for all others.

    Only channels of the kind `opsgenie` can have one: see `opsgenie_model.warning`.
    """
    return opsgenie_model.warning(channel.options["base"], now) if channel.kind == "opsgenie" else ""


def _broken(group: str, kind: str, rules: Mapping[str, Rule], given: Mapping[str, str]) -> Iterator[FieldError]:
    for name in given.keys() - rules.keys():
        allowed = ", ".join(rules) or "none"
        yield FieldError(f"{group}.{name[:32]}", f"is no setting of a channel of the kind {kind}", allowed)
    for name, rule in rules.items():
        if name in given and not rule.pattern.fullmatch(given[name]):
            yield FieldError(f"{group}.{name}", f"must be {rule.bound}", rule.bound)
        elif name not in given and rule.is_required:
            yield FieldError(f"{group}.{name}", "is required", rule.bound)


def _combinations(kind: ChannelKind, options: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[FieldError]:
    if kind == "slack":
        if ("bot_token" in secrets) == ("webhook_url" in secrets):
            yield FieldError("secrets.bot_token", "must be set, or else secrets.webhook_url", "exactly one of both")
        if ("bot_token" in secrets) != ("channel" in options):
            yield FieldError("options.channel", "must be set together with secrets.bot_token", "both or none")
    if kind == "webhook":
        is_teams = options.get("format") == "teams"
        if is_teams == ("signing_secret" in secrets):
            rule = "must be absent for the format teams" if is_teams else "is required for the format vigil"
            yield FieldError("secrets.signing_secret", rule, "whsec_ and base64 for the format vigil")
