"""Join files as readable text, and a reader of them."""

import json

from vigil.decisions.batches.join_model import JoinFile
from vigil.decisions.batches.join_sealing import open_rows
from vigil.kernel.pseudonyms import TenantKeys


def open_stored(key: str, content: bytes, keys: TenantKeys) -> JoinFile:
    """Return the join file that is stored under a key."""
    _, tenant_id, batch_id, _ = key.split("/")
    return open_rows(content, keys(tenant_id), batch_id)


def readable(key: str, content: bytes, keys: TenantKeys) -> str:
    """Return the text of a stored file, for a join file its subjects and rows."""
    if not key.startswith("joins/"):
        return content.decode()
    file = open_stored(key, content, keys)
    places = [place for place, code in enumerate(file.band_codes) if code]
    return "\n".join([*file.subject_ids, *(json.dumps(file.export(place)) for place in places)])
