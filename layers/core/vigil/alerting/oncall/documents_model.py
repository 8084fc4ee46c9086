"""Members and schedules as JSON documents, the form in which they are stored."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

from vigil.alerting.oncall.model import Layer, Member, Override, Schedule, Window
from vigil.kernel.time import format_day, format_timestamp, format_wall_time

Document = dict[str, Any]


def member_document(member: Member) -> Document:
    """Return a member as a JSON document."""
    return asdict(member)


def read_member(document: Mapping[str, Any]) -> Member:
    """Return the member of a document that `member_document` made."""
    return Member(**document)


def schedule_document(schedule: Schedule) -> Document:
    """Return a schedule as a JSON document.

    Wall times are `09:00`, days `2026-11-21`, moments timestamps.
    """
    return {
        "schedule_id": schedule.schedule_id,
        "name": schedule.name,
        "zone": schedule.zone,
        "layers": [_layer_document(layer) for layer in schedule.layers],
        "overrides": [
            {
                "member_id": override.member_id,
                "starts_at": format_timestamp(override.starts_at),
                "ends_at": format_timestamp(override.ends_at),
            }
            for override in schedule.overrides
        ],
        "version": schedule.version,
    }


def read_schedule(document: Mapping[str, Any]) -> Schedule:
    """Return the schedule of a document that `schedule_document` made."""
    lists = {
        "layers": tuple(map(_read_layer, document["layers"])),
        "overrides": tuple(map(_read_override, document["overrides"])),
    }
    return Schedule(**{**document, **lists})


def _layer_document(layer: Layer) -> Document:
    windows = [
        {
            "weekdays": list(window.weekdays),
            "starts_at": format_wall_time(window.starts_at),
            "ends_at": format_wall_time(window.ends_at),
        }
        for window in layer.windows
    ]
    return {
        "name": layer.name,
        "people": list(layer.people),
        "every": layer.every,
        "unit": layer.unit,
        "starts_on": format_day(layer.starts_on),
        "hand_off_at": format_wall_time(layer.hand_off_at),
        "windows": windows,
    }


def _read_layer(document: Mapping[str, Any]) -> Layer:
    typed = {
        "people": tuple(document["people"]),
        "starts_on": date.fromisoformat(document["starts_on"]),
        "hand_off_at": time.fromisoformat(document["hand_off_at"]),
        "windows": tuple(map(_read_window, document["windows"])),
    }
    return Layer(**{**document, **typed})


def _read_window(document: Mapping[str, Any]) -> Window:
    starts, ends = (time.fromisoformat(document[name]) for name in ("starts_at", "ends_at"))
    return Window(tuple(document["weekdays"]), starts, ends)


def _read_override(document: Mapping[str, Any]) -> Override:
    starts, ends = (datetime.fromisoformat(document[name]) for name in ("starts_at", "ends_at"))
    return Override(document["member_id"], starts, ends)
