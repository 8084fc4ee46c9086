"""Namespaces of CloudWatch metrics."""

OWN_METRICS = "Vigil"
"""Namespace of the metrics that Vigil's log lines count, without the stack that counts them."""


def namespace_in_stack(namespace: str, stack: str) -> str:
    """Return the namespace of metrics in CloudWatch: `Vigil/<stack>` for OWN_METRICS, and every other one unchanged.

    Two stacks of one account and region therefore share no metric. The templates have the same namespace.
    """
    return f"{OWN_METRICS}/{stack}" if namespace == OWN_METRICS else namespace
