"""Metrics that AWS publishes by itself and that Vigil's panels and alarms name, with the page that documents them."""

from cli.dashboards.panels import MetricKey

_PUBLISHED = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    ("AWS/ApiGateway", ("ApiName",)): ("4XXError", "5XXError", "Count", "Latency"),
    ("AWS/ApiGateway", ("ApiName", "Stage")): ("4XXError", "5XXError", "Count", "Latency"),
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", ("FunctionName",)): ("ConcurrentExecutions", "Duration", "Errors", "IteratorAge", "Throttles"),
    ("AWS/Lambda", ()): ("RecursiveInvocationsDropped",),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", ("QueueName",)): ("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"),
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    ("AWS/DynamoDB", ("TableName", "Operation")): ("SuccessfulRequestLatency", "SystemErrors", "ThrottledRequests"),
}
PUBLISHED_BY_AWS = frozenset(
    MetricKey(namespace, name, frozenset(dimensions))
    for (namespace, dimensions), names in _PUBLISHED.items()
    for name in names
)
"""The metrics of AWS, without the values of their dimensions."""
