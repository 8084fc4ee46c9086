"""Compression of a decision's features and answer into one attribute of its row."""

import zlib
from collections.abc import Mapping
from typing import Any

_LEVEL = 4
"""Compression level. Level 6 takes up to 45 % longer, and its rows are at most 6 % shorter."""
_SMALL, _LARGE = (13, 6), (15, 8)
"""Bits of the window and level of memory of zlib, which allocates 64 kB or 256 kB for each answer."""
_SMALL_BYTES = 1 << 13
"""Maximum bytes of text and dictionary that a small window reaches."""
_MAX_TEXT_BYTES = 16 << 20
"""Maximum bytes of text of a row. An item of DynamoDB has at most 400 kB."""
_COMMON_TEXT = b"".join(
    (
        b": not recorded; does not change the chance of  yesnotrue,false,",
        b'"module":null,"severity":null},{"code":"anomaly_score","text":"',
        b'Isolation of these facts among those of the training data.","value":0.',
        b',"bound":0.5,"severity":null}],"version":"","evidence":[{"code":"typicality","text":"',
        b'Share of known rows that are at least as unusual.","value":0.',
        b'},{"name":"iforest","kind":"isolation_forest","vote":"positive","probability":0.0',
        b'},{"name":"statistics","kind":"statistics","vote":"abstain","probability":null,"veto":null,"evidence":[',
        b'},{"name":"rules","kind":"rules","vote":"abstain","probability":null,"veto":null,"evidence":[],"version":"',
        b'"},{"feature":"","value":0.0,"unit":"","contribution":-0.0,"text":": ; raises the chance of .',
        b'"},{"feature":"","value":null,"unit":"days","contribution":0.0,"text":": ; lowers the chance of .',
        b'"}],"explanation":[{"feature":"","explanation":null,"base_value":null,"as_of":"20',
        b'"],"warnings":[],"flags":{"digest":null,"on":[]}}',
        b'"engines":[{"name":"lgbm","kind":"lightgbm","vote":"negative","probability":0.',
        b',"veto":null,"evidence":[],"version":"',
    )
)
"""Text that answers have in common. A stored row is read with the same bytes, so they never change."""


def pack_documents(inputs: str, body: str, summary: str) -> bytes:
    """Return the features and the answer of a decision, both JSON, as one compressed value.

    The summary is part of the compression dictionary, because the answer repeats it. It is needed to unpack.
    """
    text, dictionary = f"{inputs}\n{body}".encode(), _COMMON_TEXT + summary.encode()
    window, memory = _SMALL if len(text) + len(dictionary) <= _SMALL_BYTES else _LARGE
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, window, memory, zdict=dictionary)
    return packer.compress(text) + packer.flush()


def unpack_documents(packed: bytes, summary: str) -> tuple[str, str]:
    """Return the features and the answer of a decision, byte for byte.

    A line feed separates them, because JSON of `to_json` has none. Raises zlib.error for damaged, missing or further
    bytes.
    """
    unpacker = zlib.decompressobj(zdict=_COMMON_TEXT + summary.encode())
    text = unpacker.decompress(packed, _MAX_TEXT_BYTES)
    if not unpacker.eof or unpacker.unused_data:  # the checksum is at the end
        raise zlib.error("the stored documents are not whole")
    inputs, _, body = text.decode().partition("\n")
    return inputs, body


def read_documents(item: Mapping[str, Any]) -> tuple[str, str]:
    """Return the features and the answer of a stored row, whose first three answer formats are not compressed."""
    if "packed" not in item:
        return item["inputs"]["S"], item["body"]["S"]
    return unpack_documents(item["packed"]["B"], item["summary"]["S"])
