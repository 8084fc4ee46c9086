"""The tree of Vigil's errors; `vigil.web.problems` maps each to a status code.

VigilError
├── InvalidInput          the request breaks a rule; names the first fields and their bounds
│   └── MalformedRequest  the request cannot be parsed
├── UnreadableMessage     a queue message is not in Vigil's format
├── UnsupportedMediaType  the body has the wrong media type
├── TooLarge              the body exceeds the size limit
├── Unauthenticated       the request has no valid credential
├── Forbidden             the credential is valid but lacks the permission
│   ├── TierRequired      the tenant's tier does not include this
│   ├── TenantMismatch    the request names another tenant than the credential
│   ├── TenantSuspended   the key is valid, but its tenant is suspended
│   └── ConsentWithdrawn  the person has withdrawn the consent to this use of data
├── NotFound              the resource does not exist for this tenant
├── Erased                the resource was permanently erased
├── Conflict              the state of the resource does not allow the request, or another request changed it
│   └── InUse             other resources name the resource
├── InProgress            the first request with this Idempotency-Key is still running
├── PreconditionFailed    the resource does not have the expected version
├── PreconditionRequired  the request does not name the expected version
├── IdempotencyKeyReused  the Idempotency-Key was used with another payload
├── RateLimited           the API key or its tenant has no requests left in this minute or hour
├── SignInsRefused        the caller's address has too many failed sign-ins
├── QuotaExceeded         the tenant has no predictions left in this month
├── StorageFull           the tenant's files fill the storage that its tier or agreement allows
├── BudgetExhausted       the tenant's own hard stop leaves too little money
├── ModelRefused          a model package failed verification; `reason` names the check
├── DamagedData           stored data cannot be read; a retry cannot succeed
└── Unavailable           a dependency is unavailable; a retry may succeed
    ├── CircuitOpen       the circuit of a vendor or endpoint is open; no call was made
    └── WorkPostponed     the work of a message must wait; its message is sent again with a delay

UnauthorizedAnswer        the authorizer's answer 401, outside of the tree: it leaves its function
"""

from dataclasses import dataclass
from typing import Literal


class VigilError(Exception):
    """Base class of the errors that Vigil raises on purpose."""


class UnauthorizedAnswer(Exception):
    """Answer of the authorizer that API Gateway sends as a 401, for which it matches the text. It is no failure."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule: a dotted field path, a message and the allowed bound. It never contains the value itself."""

    field: str
    message: str
    bound: str | None = None


MAX_ERRORS = 20
"""Maximum errors that an InvalidInput lists; a validator may stop at them."""
_NAMED_ERRORS = 3
"""Number of errors that the text of an InvalidInput names."""
_MAX_TEXT = 800
"""Maximum length of a field, message or bound, in characters."""


class InvalidInput(VigilError):
    """The request breaks a rule; `errors` names the first fields and their bounds, `count` the number of all errors.

    An answer has a bounded size: at most MAX_ERRORS errors with texts of bounded length.
    """

    def __init__(self, *errors: FieldError, count: int = 0) -> None:
        self.errors = tuple(map(_shortened, errors[:MAX_ERRORS]))
        self.count = max(count, len(errors))
        named = "; ".join(f"{e.field}: {e.message}" for e in self.errors[:_NAMED_ERRORS])
        more = self.count - _NAMED_ERRORS
        super().__init__(f"{self.count} errors. {named}; and {more} more" if more > 0 else named)


def _shortened(error: FieldError) -> FieldError:
    texts = (error.field, error.message, error.bound or "")
    if max(map(len, texts)) <= _MAX_TEXT:
        return error
    field, message, bound = (text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 3]}..." for text in texts)
    return FieldError(field, message, bound or None)


class MalformedRequest(InvalidInput):
    """The request cannot be parsed: broken JSON, a malformed header, a forged cursor."""


class UnreadableMessage(VigilError):
    """A queue message is not in Vigil's format. A retry cannot succeed."""


class UnsupportedMediaType(VigilError):
    """The body has a media type that the route does not accept."""


class TooLarge(VigilError):
    """The body exceeds the size limit."""


class Unauthenticated(VigilError):
    """The request has no valid credential."""


class Forbidden(VigilError):
    """The credential is valid but lacks the permission."""


class TierRequired(Forbidden):
    """The tenant's tier does not include this."""


class TenantMismatch(Forbidden):
    """The request names another tenant than the credential's."""


class TenantSuspended(Forbidden):
    """The credential is valid, but its tenant is suspended."""


class ConsentWithdrawn(Forbidden):
    """The person has withdrawn the consent to this use of data."""


class NotFound(VigilError):
    """The resource does not exist for this tenant."""


class Erased(VigilError):
    """The resource belonged to a person whose data were permanently erased."""


class Conflict(VigilError):
    """The state of the resource does not allow the request, or another request has changed it since it was read."""


class InUse(Conflict):
    """Other resources name the resource, so that it cannot be deleted."""


class InProgress(VigilError):
    """The first request with this Idempotency-Key is still running."""


class PreconditionFailed(VigilError):
    """The resource does not have the version that the request expects."""


class PreconditionRequired(VigilError):
    """The request must name the expected version of the resource."""


class IdempotencyKeyReused(VigilError):
    """The Idempotency-Key was used before with another payload."""


class SignInsRefused(VigilError):
    """The caller's address has too many failed sign-ins; `retry_after` is in seconds."""

    policy = "failed-sign-ins"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"This address has too many failed sign-ins. Check the API key, and retry after {retry_after} s."
        )
        self.retry_after = retry_after


class RateLimited(VigilError):
    """The API key or its tenant has no requests left in this minute or hour.

    `policy` names the limit: `minute`, `hour`, `tenant-minute` or `tenant-hour`. `retry_after` is in seconds.
    """

    def __init__(self, policy: str, retry_after: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        window = policy.removeprefix("tenant-")
        owner = "The API key has" if window == policy else "All API keys of the tenant together have"
        super().__init__(f"{owner} no requests left in this {window}; retry after {retry_after} s.")
        self.policy = policy
        self.retry_after = retry_after
        self.headers = headers


class QuotaExceeded(VigilError):
    """The tenant has no predictions left in this month; `retry_after` is in seconds."""

    policy = "month"

    def __init__(self, limit: int, left: int, retry_after: int) -> None:
        super().__init__(f"The tenant has {left} of {limit} predictions left in this month (UTC).")
        self.retry_after = retry_after


class StorageFull(VigilError):
    """The tenant's files fill its storage."""


class BudgetExhausted(VigilError):
    """The tenant's own hard stop leaves too little money for the request; `retry_after` is in seconds."""

    def __init__(self, budget: str, left: int, needed: int, retry_after: int) -> None:
        super().__init__(f"The hard stop of the budget {budget} leaves {left} micro-dollars; this needs {needed}.")
        self.policy = budget
        self.retry_after = retry_after


class Unavailable(VigilError):
    """A dependency is unavailable; a retry may succeed."""


class CircuitOpen(Unavailable):
    """The circuit of a vendor or endpoint refuses calls, so no call was made; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"A service that this needs is failing, so calls to it pause. Retry after {retry_after} s.")
        self.retry_after = retry_after


class WorkPostponed(Unavailable):
    """The work of a message must wait; its message is sent again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__("The work waits for a service.")
        self.seconds = seconds


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
    """A model package failed verification and was not loaded; `reason` names the failed check."""

    def __init__(self, reason: RefusalReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: RefusalReason = reason
        self.detail = detail


class DamagedData(VigilError):
    """Stored data do not have the form in which they were stored. A retry cannot succeed.

    `items` has the names of the items that an operator must delete.
    """

    def __init__(self, text: str, items: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.items = items
