"""What can go wrong, as one tree; `platform.problems` gives each its status code.

VigilError
├── InvalidInput          the request breaks a rule; names each field and its bound
│   └── MalformedRequest  the request cannot be read at all
├── UnsupportedMediaType  the body is not JSON
├── TooLarge              the body is over the limit
├── Unauthenticated       no valid credential
├── Forbidden             a valid credential without the right
│   ├── TierRequired      the tenant's tier does not include this
│   ├── TenantMismatch    the request names another tenant than the credential
│   ├── TenantSuspended   a good key of a suspended tenant
│   └── ConsentWithdrawn  the person does not consent to this any more
├── NotFound              nothing of that name for this tenant
├── Erased                what was there is erased, and does not come back
├── Conflict              the state has moved on
├── InProgress            the first request with this key is still being carried out
├── PreconditionFailed    the resource is not the one that was read
├── PreconditionRequired  the request does not say which state it changes
├── IdempotencyKeyReused  the key was used with another payload
├── RateLimited           the key has made its requests of this minute or hour
├── QuotaExceeded         the tenant has made its predictions of this month
├── StorageFull           the tenant's files take as much as its tier, or an agreement, allows
├── BudgetExhausted       the tenant's own hard stop leaves no money for this
├── ModelRefused          a model package failed verification; carries the reason
└── Unavailable           a dependency is away; trying again may help
"""

from dataclasses import dataclass
from typing import Literal


class VigilError(Exception):
    """Any error that Vigil raises on purpose."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: a dotted field path, a sentence, and the bound that was broken. Never the value itself."""

    field: str
    message: str
    bound: str | None = None


class InvalidInput(VigilError):
    """The request breaks a rule; `errors` names each field and its bound."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


class MalformedRequest(InvalidInput):
    """The request cannot be read at all: broken JSON, a bad header, a forged cursor."""


class Unreadable(VigilError):
    """What came from a queue is no message of ours; trying again cannot help."""


class UnsupportedMediaType(VigilError):
    """The body is not `application/json`."""


class TooLarge(VigilError):
    """The body is over the limit."""


class Unauthenticated(VigilError):
    """No valid credential came with the request."""


class Forbidden(VigilError):
    """The credential is valid but does not carry the right."""


class TierRequired(Forbidden):
    """The tenant's tier does not include this."""


class TenantMismatch(Forbidden):
    """The request names another tenant than the one that the credential belongs to."""


class TenantSuspended(Forbidden):
    """The credential is good, and its tenant is suspended."""


class ConsentWithdrawn(Forbidden):
    """The person has withdrawn the consent to this use of data."""


class NotFound(VigilError):
    """Nothing of that name exists for this tenant."""


class Erased(VigilError):
    """What was there belonged to a person whose data are erased; it does not come back."""


class Conflict(VigilError):
    """The state has moved on since it was read."""


class InProgress(VigilError):
    """The first request with this Idempotency-Key is still being carried out."""


class PreconditionFailed(VigilError):
    """The resource is not, or no longer, what the request takes it for."""


class PreconditionRequired(VigilError):
    """The request must say which state of the resource it changes."""


class IdempotencyKeyReused(VigilError):
    """The Idempotency-Key was used before with another payload."""


class RateLimited(VigilError):
    """The key has made as many requests as it may in a window; `retry_after` is in seconds."""

    def __init__(self, policy: str, retry_after: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        super().__init__(f"The requests of this {policy} are used up.")
        self.policy = policy
        self.retry_after = retry_after
        self.headers = headers


class QuotaExceeded(VigilError):
    """The tenant has made as many predictions as it may in a month; `retry_after` is in seconds."""

    policy = "month"

    def __init__(self, limit: int, left: int, retry_after: int) -> None:
        super().__init__(f"Of the {limit} predictions of this month (UTC) {left} are left.")
        self.retry_after = retry_after


class StorageFull(VigilError):
    """The files of a tenant take as much as they may."""


class BudgetExhausted(VigilError):
    """A tenant's own hard stop leaves too little for what was asked; `retry_after` is in seconds."""

    def __init__(self, budget: str, left: int, needed: int, retry_after: int) -> None:
        super().__init__(f"The hard stop of the budget {budget} leaves {left} micro-dollars; this needs {needed}.")
        self.policy = budget
        self.retry_after = retry_after


class Unavailable(VigilError):
    """A dependency is away; trying again may help."""


RefusalReason = Literal[
    "missing_file",
    "oversized",
    "malformed",
    "unsigned",
    "unknown_key",
    "bad_signature",
    "digest_mismatch",
    "expired",
    "rolled_back",
    "wrong_name",
    "schema_mismatch",
    "golden_mismatch",
    "unsupported",
]


class ModelRefused(VigilError):
    """A model package failed verification and was not loaded; `reason` says at which check."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: RefusalReason = reason
        self.detail = detail
