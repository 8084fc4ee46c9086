"""Limits of batches, in rows, bytes and pieces of work."""

CHUNK_ROWS = 10_000
SLOW_CHUNK_ROWS = 2_500
"""Rows per chunk for a model with several engines: a row takes ten times as long, and longer if it abstains."""
CHUNK_BYTES = 8 << 20
FATAL_ROW_BYTES = 16 << 20
"""Maximum distance between row ends, in bytes. A longer row fails the batch (usually an unclosed quote); rows between
MAX_ROW_BYTES and this are reported as bad rows."""
MAX_ROW_BYTES = 256 << 10
"""Maximum row in bytes; equals the maximum body of a score request."""
MAX_HEADER_BYTES = 64 << 10
"""Maximum header of a CSV file in bytes."""
MAX_IGNORED_COLUMNS = 200
"""Maximum columns of a CSV file that a batch with `ignore_unknown_columns` leaves out."""
MAX_NUMBER_LENGTH = 300
"""Maximum characters of a number in a cell. A longer one is out of every range."""
SAMPLE_STEP = 64
"""Distance of the rows of a file that are counted for the profiles of its model."""
READ_BYTES = 8 << 20
"""Bytes of a file that are read at a time."""
STEP_BYTES = 64 << 20
"""Bytes that one step of an erasure reads or rewrites."""
STEP_ROW_BYTES = 256
"""Bytes that a shorter row counts for in a step: a row takes the time of some 256 bytes, also if it has ten."""
BAD_ROW_COST = 16
"""Factor by which a bad row counts more in a step. Its possible ids take at most a second per megabyte."""
MAX_FILE_BYTES = 5 << 30
MAX_UNPACKED_BYTES = 1 << 30
MAX_UNPACK_RATIO = 200
"""Maximum unpacked size of a gzip file, as a multiple of its packed size."""
MAX_INLINE_ROWS = 1_000
MAX_UNFINISHED_BATCHES = 10
"""Maximum unfinished batches per tenant."""
LANES = 4
"""Chunks of one batch that are scored in parallel, if the tenant has no other unfinished batch."""


def step_bytes(row: bytes, *, is_bad: bool = False) -> int:
    """Return the bytes that a row counts for in a step of an erasure."""
    return max(len(row) * (BAD_ROW_COST if is_bad else 1), STEP_ROW_BYTES)
