"""Settings that a deployment on AWS must not have. A rule names a variable and the allowed values.

docs/operations/start-up.md lists the rules and their reasons.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from posixpath import normpath
from typing import Any
from urllib.parse import urlsplit

from vigil.kernel.addresses import canonical_host, is_own_host
from vigil.runtime.known_keys import is_untrustworthy
from vigil.runtime.settings import Settings

MAX_REVOCATION_CACHE = timedelta(seconds=30)
"""Maximum age of the authorizer's cache. API Gateway caches for the same time, and 60 s are promised."""
MIN_OFFBOARDING_PAUSE = timedelta(seconds=90)
"""Minimum pause of an offboarding: 60 s of caches, and the longest request."""
MAX_UPLOAD_ADDRESS_LIFE = timedelta(hours=6)
"""Maximum life of an upload address: the life of the credentials that sign it."""
MAX_CALL_TIME = timedelta(seconds=28)
"""Maximum time of an AWS call with its second attempt: the longest time of a function of the API."""
MIN_SAMPLE_PAUSE, MAX_SAMPLE_PAUSE = timedelta(seconds=30), timedelta(seconds=120)
"""Minimum and maximum pause between two samples of a repeated check of a runbook."""
ATTEMPTS = 2
"""Attempts of an AWS call."""
_MIN_SECRET_LENGTH, _MIN_SECRET_CHARACTERS = 32, 8
_EMULATED_ACCOUNT = "000000000000"
_RESERVED = ("example", "example.com", "example.net", "example.org", "test", "invalid", "localhost", "local")
"""Domains that no public service has (RFC 2606, RFC 6762)."""
_OPENAI_ADDRESS = re.compile(r"https://(?:[a-z]{2}\.)?api\.openai\.com/v1")
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_ENDPOINT = "AWS_ENDPOINT_URL"
_ENDPOINTS = f"{_ENDPOINT}_"
_CODE_FOLDERS = ("/var/runtime", "/var/task", "/opt")
"""Folders of the code of the runtime, of a function and of its layers. Lambda sets PYTHONPATH to the first."""
_IMAGE_FOLDERS = ("/etc/pki", "/var/lang")
"""Folders of the image of the runtime, in which a deployment has no files."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A broken rule has the text "<variable> <must>"."""

    must: str
    is_broken: Callable[[Any], bool]


def unsafe_settings(environment: Mapping[str, str], settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each unsafe variable, without its value. `settings` are the well-formed values."""
    for variable, text in environment.items():
        rule = _VARIABLES.get(_ENDPOINT if variable.startswith(_ENDPOINTS) else variable)
        if rule and text and rule.is_broken(text):
            yield f"{variable} {rule.must}"
    for setting, value in settings.items():
        for rule in (_SETTINGS.get(setting), _rule_of_kind(setting)):
            if rule and rule.is_broken(value):
                yield f"{Settings.variable(setting)} {rule.must}"
    yield from _unsafe_together(settings)


def weak_fields(fields: Mapping[str, str]) -> list[str]:
    """Return the names of the fields of a secret that can be guessed: too short, or of few different characters."""
    return [
        name
        for name, text in fields.items()
        if name != "pepper_version" and (len(text) < _MIN_SECRET_LENGTH or len(set(text)) < _MIN_SECRET_CHARACTERS)
    ]


def is_local_endpoint(environment: Mapping[str, str]) -> bool:
    """Return True if AWS calls of this environment go to an emulator, not to AWS."""
    host = canonical_host(_host_of(environment.get(_ENDPOINT, "")))
    return is_own_host(host) or host == "host.docker.internal" or environment.get("AWS_SAM_LOCAL", "") in _YES


def _unsafe_together(settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield sentences about settings that are unsafe in combination."""
    if "service" not in settings:
        yield "POWERTOOLS_SERVICE_NAME must name the function, because alarms select their metrics by it"
    for suffixes, reason in _DIFFERENT.items():
        named = {name: value for name, value in settings.items() if name.endswith(suffixes)}
        counts = Counter(named.values())
        for name in (name for name, value in named.items() if counts[value] > 1):
            yield f"{Settings.variable(name)} must differ from other settings of its kind, {reason}"
    if settings.get("openai_secret_arn") and not settings.get("openai_data_agreement"):
        yield (
            "VIGIL_OPENAI_DATA_AGREEMENT must be baa or zdr where VIGIL_OPENAI_SECRET_ARN is set, because questions "
            "may have health data"
        )
    call = [settings.get(name, timedelta(0)) for name in ("connect_timeout", "read_timeout")]
    if ATTEMPTS * sum(call, timedelta(0)) > MAX_CALL_TIME:
        limit = MAX_CALL_TIME.seconds // ATTEMPTS
        yield f"VIGIL_AWS_CONNECT_TIMEOUT_MS and VIGIL_AWS_READ_TIMEOUT_MS must be at most {limit} seconds together"


def _rule_of_kind(setting: str) -> _Rule | None:
    """Return the rule of all settings that name a resource of the same kind."""
    if setting.endswith(("_queue", "dead_letters")):
        return _QUEUE
    if setting.endswith("_arn"):
        return _ARN
    return _NAME if setting.endswith(("_table", "_bucket", "_bus")) else None


def _is_no_public_domain(text: str) -> bool:
    host = canonical_host(text)
    is_reserved = any(host == name or host.endswith(f".{name}") for name in _RESERVED)
    return "." not in host or is_reserved or host[-1].isdigit() or is_own_host(host)


def _is_no_public_address(url: str) -> bool:
    return bool(url) and (not url.startswith("https://") or _is_no_public_domain(_host_of(url)))


def _host_of(url: str) -> str:
    """Return the host of a URL; "" for a URL without a host."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_outside(folders: tuple[str, ...], path: str) -> bool:
    return not any(f"{normpath(path)}/".startswith(f"{folder}/") for folder in folders)


def _has_other_code(search_path: str) -> bool:
    return any(_is_outside(_CODE_FOLDERS, path) for path in search_path.split(":"))


def _has_other_authorities(path: str) -> bool:
    return any(_is_outside(_IMAGE_FOLDERS, each) for each in path.split(":"))


def _is_set(_: str) -> bool:
    return True


def _is_on(text: str) -> bool:
    return text.lower() in _YES


_LEVEL = _Rule(
    "must be INFO: metrics are lines of this level, and more detailed lines may have data of persons",
    lambda text: text.upper() != "INFO",
)
_UNSET = _Rule("must not be set", _is_set)
_OFF = _Rule("must not be on", _is_on)
_VARIABLES: Mapping[str, _Rule] = {
    _ENDPOINT: _Rule("must not be set, because calls would go to another service than AWS", _is_set),
    **dict.fromkeys(
        ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DATA_PATH"),
        _Rule("must not be set, because a function uses its role and the endpoints of AWS", _is_set),
    ),
    **dict.fromkeys(
        ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"),
        _Rule("must not be set, because a function trusts the authorities of its runtime", _is_set),
    ),
    **dict.fromkeys(
        ("SSL_CERT_FILE", "SSL_CERT_DIR"),
        _Rule("must be a path of the runtime, because a function trusts its authorities", _has_other_authorities),
    ),
    "AWS_ACCESS_KEY_ID": _Rule(
        "must be a temporary key of the function's role", lambda text: not text.startswith("ASIA")
    ),
    "AWS_SAM_LOCAL": _OFF,
    "AWS_XRAY_SDK_ENABLED": _Rule("must be true, because requests need traces", lambda text: not _is_on(text)),
    **dict.fromkeys(("POWERTOOLS_LOG_LEVEL", "LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"), _LEVEL),
    **dict.fromkeys(("POWERTOOLS_DEV", "POWERTOOLS_DEBUG"), _OFF),
    "POWERTOOLS_LOGGER_LOG_EVENT": _Rule("must not be on, because events have data of persons", _is_on),
    "POWERTOOLS_LOGGER_SAMPLE_RATE": _Rule(
        "must be 0, because it turns on lines of DEBUG", lambda text: text.strip("0.") != ""
    ),
    **dict.fromkeys(("SSLKEYLOGFILE", "LD_PRELOAD", "LD_AUDIT", "AWS_LAMBDA_EXEC_WRAPPER"), _UNSET),
    **dict.fromkeys(
        (
            *("OPENAI_ADMIN_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_CUSTOM_HEADERS", "OPENAI_LOG"),
            *("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
        ),
        _Rule("must not be set, because the SDK would send or log something that no setting of Vigil names", _is_set),
    ),
    "PYTHONPATH": _Rule("must name only folders of the runtime, the function and its layers", _has_other_code),
    **dict.fromkeys(("PYTHONDEVMODE", "PYTHONASYNCIODEBUG", "PYTHONINSPECT"), _UNSET),
}
_SETTINGS: Mapping[str, _Rule] = {
    "stage": _Rule(
        "must be local, dev, staging or prod", lambda stage: stage not in {"local", "dev", "staging", "prod"}
    ),
    "traced": _Rule("must be false, because requests need traces", lambda is_traced: not is_traced),
    "model_keys": _Rule(
        "must not pin a published key or a key of small order: anybody could sign models",
        lambda keys: any(map(is_untrustworthy, keys.values())),
    ),
    "outbound_allow": _Rule(
        "must not name this machine, its link-local network or another special address, such as the metadata service",
        lambda pairs: any(is_own_host(host) for host, _ in pairs),
    ),
    "api_address": _Rule("must be an https address of a public domain", _is_no_public_address),
    "tenant_domain": _Rule("must be a public domain", lambda text: bool(text) and _is_no_public_domain(text)),
    "mail_sender": _Rule(
        "must be a mail address of a public domain",
        lambda text: bool(text) and _is_no_public_domain(text.rpartition("@")[2]),
    ),
    "openai_address": _Rule(
        "must be https://api.openai.com/v1 or its address in a region, such as https://eu.api.openai.com/v1",
        lambda address: not _OPENAI_ADDRESS.fullmatch(address),
    ),
    "authorizer_cache": _Rule(
        f"must be at most {MAX_REVOCATION_CACHE.seconds}, because revocations take effect within 60 seconds",
        lambda age: age > MAX_REVOCATION_CACHE,
    ),
    "offboarding_pause": _Rule(
        f"must be at least {MIN_OFFBOARDING_PAUSE.seconds}, because earlier requests may still write",
        lambda pause: pause < MIN_OFFBOARDING_PAUSE,
    ),
    "upload_address_life": _Rule(
        f"must be from 1 to {MAX_UPLOAD_ADDRESS_LIFE.seconds}",
        lambda life: not timedelta(0) < life <= MAX_UPLOAD_ADDRESS_LIFE,
    ),
    "sentry_dsn": _Rule(
        "must be an https address of another machine",
        lambda dsn: not dsn[0].startswith("https://") or is_own_host(_host_of(dsn[0])),
    ),
    "sample_pause": _Rule(
        f"must be from {MIN_SAMPLE_PAUSE.seconds} to {MAX_SAMPLE_PAUSE.seconds}, because closer samples see one "
        "moment, and later ones delay the end of an incident",
        lambda pause: not MIN_SAMPLE_PAUSE <= pause <= MAX_SAMPLE_PAUSE,
    ),
    "backoff_base": _Rule("must be at least 1, because failed work is repeated after it", lambda base: not base),
}
_NAME = _Rule("must not name a resource of a local stack", lambda text: text.startswith("vigil-local-"))
_QUEUE = _Rule(
    "must be the https address of a queue on AWS",
    lambda text: _is_no_public_address(text) or f"/{_EMULATED_ACCOUNT}/" in text,
)
_ARN = _Rule(
    "must be an ARN of an AWS account",
    lambda text: not text.startswith("arn:") or f":{_EMULATED_ACCOUNT}:" in text,
)
_DIFFERENT: Mapping[tuple[str, ...], str] = {
    ("_table",): "because the keys of two tables overlap",
    ("_bucket",): "because tenants write files of batches",
    ("_arn",): "because each key has one purpose",
    ("_queue", "dead_letters"): "because each queue has its own messages",
}
"""Suffixes of settings whose values must all differ, with the reason."""
