"""JSON schemas of the batches API, as shown in OpenAPI."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from vigil.decisions.batches.files_model import FileFormat
from vigil.decisions.batches.limits_model import MAX_INLINE_ROWS
from vigil.decisions.batches.model import BatchState
from vigil.web.schemas import MAX_MODEL_NAME, MODEL_NAME, FieldErrorView


class BatchBody(BaseModel):
    """Inline rows, or the format of a file to upload."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=MAX_MODEL_NAME, pattern=MODEL_NAME, description="A name from GET /v1/models.")
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_INLINE_ROWS)] | None = Field(
        default=None, description="Inline rows. Each is a body of POST /v1/scores without `model` and `explain`."
    )
    format: FileFormat | None = Field(
        default=None, description="Format of file and results: CSV with a header, or NDJSON. The file can be gzip."
    )

    ignore_unknown_columns: StrictBool = Field(
        default=False, description="Leave out columns of a CSV file that the model does not have, instead of failing."
    )

    @model_validator(mode="after")
    def _one_source(self) -> "BatchBody":
        if (self.rows is None) == (self.format is None):
            raise ValueError("exactly one of rows and format must be given")
        if self.ignore_unknown_columns and self.format != "csv":
            raise ValueError("ignore_unknown_columns requires the format csv")
        return self


class UploadView(BaseModel):
    """Upload URL for PUT and its expiry."""

    url: str
    expires_at: str


class RowsView(BaseModel):
    """Row counts. `total` is null until the file is split."""

    total: int | None
    done: int
    failed: int = Field(description="Rows in `done` without an answer.")


class PinView(BaseModel):
    """The model that scores every row. `version` and `digest` are null until the file is split."""

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
    reason: str | None = Field(description="Reason of a failure: the first of `errors`.")
    errors: list[FieldErrorView] = Field(description="Errors of the file for which the batch failed.")


class BatchView(BatchSummary):
    """A batch and its progress."""

    rows: RowsView
    row_key: str | None = Field(
        description="Key of `input_hash` in hexadecimal: HMAC-SHA-256 of a row's bytes without its line end."
    )
    percent: float | None
    rate: float | None = Field(description="Average rows per second.")
    seconds_left: float | None
    lost_rows: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="First and last row of each chunk that failed in every attempt."
    )
    ignored_columns: list[str] = Field(description="Columns of the file that were left out, as ordered.")
    upload: UploadView | None = Field(
        description="Null unless the batch waits for its file and the caller has `batches:write`."
    )


class BatchPage(BaseModel):
    """Batches, newest first; `next_cursor` is null on the last page."""

    items: list[BatchSummary]
    next_cursor: str | None


class OutputView(BaseModel):
    """Download URL for GET and its expiry."""

    url: str
    format: FileFormat
    expires_at: str
