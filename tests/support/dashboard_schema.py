"""The part of CloudWatch's format of dashboards that Vigil uses, as a JSON schema. AWS publishes none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from typing import Any

_TITLE = {"type": "string", "minLength": 1}
_OPTIONS = {
    "type": "object",
    "properties": {
        "expression": {"type": "string", "minLength": 1, "maxLength": 1024},
        "id": {"type": "string", "pattern": "^[a-z][a-zA-Z0-9_]*$"},
        "label": {"type": "string"},
        "stat": {"type": "string", "pattern": "^(Sum|Average|Minimum|Maximum|SampleCount|p[0-9]{2})$"},
    },
    "additionalProperties": False,
}
_METRIC = {
    "type": "array",
    "minItems": 1,
    "maxItems": 63,
    "items": {"anyOf": [{"type": "string", "minLength": 1}, _OPTIONS]},
}
_METRIC_PROPERTIES = {
    "type": "object",
    "properties": {
        "title": _TITLE,
        "region": _TITLE,
        "view": {"enum": ["timeSeries"]},
        "stacked": {"type": "boolean"},
        "period": {"type": "integer", "multipleOf": 60},
        "metrics": {"type": "array", "minItems": 1, "maxItems": 500, "items": _METRIC},
        "yAxis": {
            "type": "object",
            "properties": {
                "left": {
                    "type": "object",
                    "properties": {
                        "label": {"type": "string"},
                        "min": {"type": "number"},
                        "showUnits": {"type": "boolean"},
                    },
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "annotations": {
            "type": "object",
            "properties": {
                "horizontal": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"value": {"type": "number"}, "label": {"type": "string"}},
                        "required": ["value"],
                        "additionalProperties": False,
                    },
                }
            },
            "additionalProperties": False,
        },
    },
    "required": ["region", "metrics", "view", "title"],
    "additionalProperties": False,
}
_ALARM_PROPERTIES = {
    "type": "object",
    "properties": {
        "title": _TITLE,
        "alarms": {
            "type": "array",
            "minItems": 1,
            "maxItems": 100,
            "uniqueItems": True,
            "items": {"type": "string", "pattern": "^arn:[^:]+:cloudwatch:[^:]+:[^:]+:alarm:.+$"},
        },
        "sortBy": {"enum": ["default", "stateUpdatedTimestamp", "timestamp"]},
    },
    "required": ["alarms"],
    "additionalProperties": False,
}


def _widget(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    place = {name: {"type": "integer", "minimum": 0, "maximum": 1000} for name in ("x", "y", "width", "height")}
    return {
        "type": "object",
        "properties": {"type": {"const": kind}, "properties": properties, **place},
        "required": ["type", "properties"],
        "additionalProperties": False,
    }


DASHBOARD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "start": {"type": "string", "pattern": "^-PT?[0-9]+[HMD]$"},
        "periodOverride": {"enum": ["auto", "inherit"]},
        "widgets": {
            "type": "array",
            "minItems": 1,
            "maxItems": 500,
            "items": {"oneOf": [_widget("metric", _METRIC_PROPERTIES), _widget("alarm", _ALARM_PROPERTIES)]},
        },
    },
    "required": ["widgets"],
    "additionalProperties": False,
}
