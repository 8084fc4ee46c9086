"""JSON of channels, as shown in OpenAPI."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vigil.alerting.channels.kinds_model import OPTIONS, SECRETS
from vigil.alerting.channels.model import Channel, ChannelKind
from vigil.alerting.channels.service import ChannelChange, ChannelTestResult

_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"

Label = Annotated[str, Field(min_length=1, max_length=100, pattern=_NO_CONTROL_CHARACTERS)]
Text = Annotated[str, Field(max_length=2_048)]


def _table(rules: object) -> str:
    kinds = OPTIONS if rules == "options" else SECRETS
    return "; ".join(f"`{kind}`: {', '.join(f'`{name}`' for name in named) or 'none'}" for kind, named in kinds.items())


_OPTIONS = f"Settings without secrets, by kind: {_table('options')}."
_SECRETS = f"Secrets, by kind: {_table('secrets')}. They are encrypted, and no answer shows them."


class ChannelBody(BaseModel):
    """A new channel."""

    model_config = ConfigDict(extra="forbid")

    kind: ChannelKind
    label: Label = Field(description="Name of the channel for people.")
    options: dict[str, Text] = Field(default={}, max_length=8, description=_OPTIONS)
    secrets: dict[str, Text] = Field(default={}, max_length=8, description=_SECRETS)


class ChannelPatch(BaseModel):
    """A change of a channel. Absent fields stay as they are."""

    model_config = ConfigDict(extra="forbid")

    label: Label | None = Field(default=None, description="Name of the channel for people.")
    options: dict[str, Text | None] | None = Field(
        default=None, max_length=8, description="Options to set; null removes one."
    )
    secrets: dict[str, Text | None] | None = Field(
        default=None, max_length=8, description="Secrets to set; null removes one."
    )

    def to_change(self) -> ChannelChange:
        """Return the change of this body. An absent field is None."""
        return ChannelChange(self.label, self.options, self.secrets)


class ChannelView(BaseModel):
    """A channel without its secrets."""

    id: str
    kind: ChannelKind
    label: str
    options: dict[str, str]
    hint: str | None = Field(description="Last four characters of the main secret; null for a short or no secret.")
    broken: str | None = Field(
        description="Reason of the vendor for which all notices fail; null for a usable channel."
    )
    warning: str | None = Field(description="Coming end of the vendor's service; null without one.")

    @classmethod
    def from_channel(cls, channel: Channel, warning: str) -> "ChannelView":
        """Return the view of a channel. `warning` is empty for a channel without one."""
        return cls(
            id=channel.channel_id,
            kind=channel.kind,
            label=channel.label,
            options=dict(channel.options),
            hint=channel.hint or None,
            broken=channel.broken or None,
            warning=warning or None,
        )


class ChannelList(BaseModel):
    """All channels of a tenant, in order of their ids."""

    items: list[ChannelView]


class ChannelTestView(BaseModel):
    """Outcome of a test notice."""

    outcome: Literal["sent", "refused", "postponed"] = Field(
        description="`sent`: the vendor accepted the notice. `refused`: change the channel. "
        "`postponed`: the vendor is busy or away; try again."
    )
    answer: str = Field(
        description="Words of a vendor that did not accept the notice, or a sentence of Vigil. It has no secrets."
    )
    retry_after_seconds: int | None = Field(
        description="Pause that the vendor demands, or that Vigil makes after failures of the vendor; null without one."
    )

    @classmethod
    def from_result(cls, result: ChannelTestResult) -> "ChannelTestView":
        """Return the view of a result."""
        seconds = int(result.after.total_seconds()) if result.after is not None else None
        return cls.model_validate({"outcome": result.outcome, "answer": result.answer, "retry_after_seconds": seconds})
