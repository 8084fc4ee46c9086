"""Values shared by several rooms: feature values, reserved column names, names of models, and references to them."""

from typing import TypeAlias

from vigil.kernel.values import value

FeatureValue: TypeAlias = float | int | bool | str | None


NAN = float("nan")


SUBJECT, AS_OF = "subject_id", "as_of"
"""Column names that are reserved and never features."""
GROUP_PREFIX = "group:"
"""Start of the names of columns with groups, such as `group:sex`. They are never features either."""


MODEL_NAME = r"[a-z][a-z0-9-]{0,31}"
"""Pattern of the names of models, which become parts of object keys, table keys and paths."""
MODEL_NAME_RULE = "lower-case letters, digits and hyphens, with a letter first, at most 32 characters"
"""`MODEL_NAME` in words."""


MAX_BATCH_ROWS = 10_000_000
"""Maximum rows of a batch."""
ANSWER_FORMAT = 4
"""Version of new decisions, idempotency records, API keys and usage events.

From version 2 on, the payloads of an idempotency key are compared with equal numbers and with conditional headers.
From version 3 on, explanations have values formatted for people.
From version 3 on, an API key may have a list of permissions. An earlier release would grant it all of its role.
From version 4 on, a decision's row has its features and its answer in one compressed attribute.

The version grows when the rules change that a row or an answer follows. Old rows are read and replayed by their own.
"""


@value
class ModelRef:
    """Name, version and package digest of the model behind a decision."""

    name: str
    version: int
    digest: str
