"""Names of queues, alarms and log groups, as the templates of the stack give them."""

import re
from collections.abc import Sequence

from cli.checkout import ROOT
from vigil.alerting.sources.alarms_model import ALARMS, PER_QUEUE, alarm_suffix

_QUEUE = re.compile(
    r"Location: infra/queue\.yaml\n +Parameters:\n +Name: !Sub \$\{AWS::StackName\}-([a-z-]+)\n((?: {8}.*\n)*)"
)
_NEVER_LATE = re.compile(r"LateSeconds: 0\b")
_LOG_GROUP = re.compile(r"LogGroupName: !Sub /aws/lambda/\$\{StackName\}-([a-z-]+)")


def queue_names() -> Sequence[str]:
    """Return the names of the queues, without the name of the stack in front."""
    return sorted(name for name, _ in _queues())


def alarm_names() -> Sequence[str]:
    """Return the names of all alarms, without the name of the stack in front."""
    names = [alarm_suffix(logical_id) for logical_id in ALARMS if logical_id not in PER_QUEUE]
    for queue, parameters in _queues():
        names.append(f"{queue}-{alarm_suffix('NotDrained')}")
        if not _NEVER_LATE.search(parameters):
            names.append(f"{queue}-{alarm_suffix('QueueLate')}")
    return sorted(names)


def function_names() -> Sequence[str]:
    """Return the names of the functions with a log group, without the name of the stack in front."""
    texts = [path.read_text() for path in (ROOT / "infra" / "functions").glob("*.yaml")]
    return sorted({name for text in texts for name in _LOG_GROUP.findall(text)})


def _queues() -> Sequence[tuple[str, str]]:
    return _QUEUE.findall((ROOT / "template.yaml").read_text())
