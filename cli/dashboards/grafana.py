"""The dashboard as JSON for Grafana, with CloudWatch as its data source."""

import json
from collections.abc import Sequence
from typing import Any

from cli.dashboards.cloudwatch import COLUMNS, HEIGHT, WIDTH
from cli.dashboards.panels import DECISIONS, LIMITS, STACK, Panel, Search, Series

_UNITS = {"count": "short", "share": "percentunit", "milliseconds": "ms", "megabytes": "decmbytes", "seconds": "s"}
_VARIABLES = {STACK: "$stack", DECISIONS: "$decisions_table", LIMITS: "$limits_table"}
_SOURCE = {"type": "cloudwatch", "uid": "$datasource"}


def dashboard_json(panels: Sequence[Panel]) -> str:
    """Return the dashboard as JSON. Its variables are the data source, the region and the stack."""
    document = {
        "uid": "vigil-operations",
        "title": "Vigil",
        "tags": ["vigil"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": _variables()},
        "annotations": {"list": [_alarm_changes()]},
        "panels": [_panel(panel, number) for number, panel in enumerate(panels)],
    }
    return json.dumps(document, indent=1) + "\n"


def _variables() -> list[dict[str, Any]]:
    tables = "dimension_values($region, AWS/DynamoDB, ConsumedWriteCapacityUnits, TableName)"
    return [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "cloudwatch"},
        _query("region", "Region", "regions()"),
        _query("stack", "Stack", "dimension_values($region, AWS/ApiGateway, Count, ApiName)"),
        _query("decisions_table", "Table of decisions", tables, _table_of("Decisions")) | {"hide": 2},
        _query("limits_table", "Table of limits", tables, _table_of("Limits")) | {"hide": 2},
    ]


def _table_of(name: str) -> str:
    """Return the pattern of the generated name of a table. The names of another stack may begin in the same way."""
    return f"/^$stack-Data-[A-Z0-9]+-{name}Table-[A-Z0-9]+$/"


def _query(name: str, label: str, query: str, regex: str = "") -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": _SOURCE,
        "query": query,
        "regex": regex,
        "refresh": 1,
        "sort": 1,
    }


def _alarm_changes() -> dict[str, Any]:
    """Return the annotation that marks the changes of the stack's alarms in all panels."""
    return {
        "name": "Alarms",
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": "red",
        "target": {
            "refId": "Alarms",
            "queryMode": "Annotations",
            "region": "$region",
            "prefixMatching": True,
            "alarmNamePrefix": "$stack-",
            "actionPrefix": "",
            "namespace": "",
            "statistic": "Average",
        },
    }


def _panel(panel: Panel, number: int) -> dict[str, Any]:
    place = {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT}
    defaults: dict[str, Any] = {"unit": _UNITS[panel.unit], "min": 0, "custom": {"fillOpacity": 10, "lineWidth": 1}}
    if panel.threshold is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.threshold}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
        defaults["custom"]["thresholdsStyle"] = {"mode": "line"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": [_target(series, index) for index, series in enumerate(panel.series)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
    }


def _target(series: Series | Search, index: int) -> dict[str, Any]:
    """Return a query of the data source. Mode 1 of the editor is an expression, mode 0 a metric."""
    query = {
        "refId": chr(ord("A") + index),
        "datasource": _SOURCE,
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "region": "$region",
        "id": f"q{index}",
        "label": series.label,
        "statistic": series.statistic,
        "period": "60",
    }
    if isinstance(series, Search):
        return query | {"metricEditorMode": 1, "expression": _with_variables(series.expression), "namespace": ""}
    return query | {
        "metricEditorMode": 0,
        "expression": "",
        "namespace": _with_variables(series.namespace),
        "metricName": series.metric,
        "dimensions": {name: _with_variables(value) for name, value in series.dimensions.items()},
        "matchExact": True,
    }


def _with_variables(text: str) -> str:
    for name, variable in _VARIABLES.items():
        text = text.replace(name, variable)
    return text
