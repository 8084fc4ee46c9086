"""The JSON of the batches API, as OpenAPI shows it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vigil.decisions.batches.model import MAX_INLINE_ROWS, BatchState, FileFormat
from vigil.web.schemas import MODEL_NAME


class BatchBody(BaseModel):
    """Rows, or the format of a file that will be uploaded."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(pattern=MODEL_NAME, description="A name from GET /v1/models.")
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_INLINE_ROWS)] | None = Field(
        default=None, description="Each as the body of POST /v1/scores, without `model` and `explain`."
    )
    format: FileFormat | None = Field(
        default=None, description="Of the file: CSV with a header, or NDJSON; may be gzip. Results come in the same."
    )

    @model_validator(mode="after")
    def _one_source(self) -> "BatchBody":
        if (self.rows is None) == (self.format is None):
            raise ValueError("exactly one of rows and format must be given")
        return self


class UploadView(BaseModel):
    """Where to send the file with PUT, and until when."""

    url: str
    expires_at: str


class RowsView(BaseModel):
    """Counts of rows; the total is known once the file has been read."""

    total: int | None
    done: int
    failed: int = Field(description="Those among `done` without an answer.")


class PinView(BaseModel):
    """The model that scores every row of the batch; the version is known once the file has come."""

    name: str
    version: int | None
    digest: str | None


class BatchSummary(BaseModel):
    """A batch."""

    batch_id: str
    model: PinView
    format: FileFormat
    state: BatchState
    created_at: str
    started_at: str | None
    ended_at: str | None
    reason: str | None = Field(description="Why it failed.")


class BatchView(BatchSummary):
    """A batch and how far it is."""

    rows: RowsView
    percent: float | None
    rate: float | None = Field(description="Rows per second.")
    seconds_left: float | None
    lost_rows: list[tuple[int, int]] = Field(
        description="First and last row of each part of the file that was given up."
    )
    upload: UploadView | None


class BatchPage(BaseModel):
    """Batches, newest first; `next_cursor` is null on the last page."""

    items: list[BatchSummary]
    next_cursor: str | None


class OutputView(BaseModel):
    """Where to fetch a file with GET, and until when."""

    url: str
    format: FileFormat
    expires_at: str
