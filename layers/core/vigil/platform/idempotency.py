"""The `Idempotency-Key` header, as draft-ietf-httpapi-idempotency-key-header names it."""

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="1 to 255 visible ASCII characters; a retry with the same key has one effect.",
    ),
]
