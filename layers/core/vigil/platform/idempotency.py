"""The `Idempotency-Key` header, as draft-ietf-httpapi-idempotency-key-header names it."""

import re
from typing import Annotated

from fastapi import Depends, Header

from vigil.errors import FieldError, MalformedRequest

_WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}")


async def idempotency_key(
    idempotency_key: Annotated[
        str | None, Header(description="1 to 255 visible ASCII characters; a retry with the same key gets one effect.")
    ] = None,
) -> str | None:
    """Return the key; raise MalformedRequest for one that is empty, too long or not printable."""
    if idempotency_key is not None and not _WELL_FORMED.fullmatch(idempotency_key):
        bound = "1 to 255 visible ASCII characters"
        raise MalformedRequest(FieldError("Idempotency-Key", "is malformed", bound))
    return idempotency_key


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
