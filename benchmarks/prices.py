"""Prices of AWS and OpenAI in US dollars: us-east-1, on demand, first tier, without free tiers.

A comment beside each price has its source and date. "Price list" is a published copy of the AWS Price List API of
October 2025. "Page" is aws.amazon.com/<service>/pricing or openai.com/api/pricing, November 2025.
"""

HOURS = 730.0
"""Hours of a month."""

GB_SECOND_ARM = 0.0000133334  # price list (AWSLambda), 2025-10
SNAPSHOT_GB_MONTH = 0.0000015046 * 3600 * HOURS  # price list (AWSLambda), 2025-10
"""Price of the SnapStart snapshot of a published version, per GB and month (free for Java, not for Python)."""
RESTORED_GB = 0.0001397998  # price list (AWSLambda), 2025-10
"""Price per start from a snapshot, per GB of memory of the function."""
REQUESTS = {
    "api gateway": 3.50e-6,  # REST, first 333 million: whitepaper "Private APIs with API Gateway", 2025
    "lambda request": 0.20e-6,  # price list, 2025-10
    "sqs": 0.40e-6,  # page
    "s3 put": 5.0e-6,  # page
    "s3 get": 0.4e-6,  # page
    "dynamodb write": 0.625e-6,  # page; halved in November 2024; older sources have 1.25
    "dynamodb read": 0.125e-6,  # the same
    "event": 1.0e-6,  # page (EventBridge, custom events)
    "trace": 5.0e-6,  # page (X-Ray, recorded)
}
DYNAMO_GB_MONTH = 0.25  # page (standard class)
LOG_GB = 0.50  # page (CloudWatch Logs, ingested)
ALARM_METRIC_MONTH = 0.10  # page (CloudWatch, per metric of an alarm of standard resolution)
COMPOSITE_ALARM_MONTH = 0.50  # page (CloudWatch)
METRIC_REQUESTED = 0.01e-3  # page (CloudWatch, metrics requested with GetMetricData)
OUT_GB = 0.09  # page (EC2, data to the internet, first 10 TB)

FARGATE_VCPU_HOUR_ARM = 0.03238  # page, and vantage.sh/blog/fargate-pricing
FARGATE_GB_HOUR_ARM = 0.00356  # the same
BALANCER_HOUR = 0.0225  # page (Application Load Balancer)
BALANCER_UNIT_HOUR = 0.008  # the same; one gigabyte per hour
ADDRESS_HOUR = 0.005  # page (VPC): each public IPv4 address, since February 2024

SAGEMAKER_GB_SECOND = 0.00002  # page (serverless: $0.00004 a second at 2 GB)
SAGEMAKER_DATA_GB = 0.016  # page

LANGUAGE_INPUT_TOKEN = 0.15e-6
LANGUAGE_OUTPUT_TOKEN = 0.60e-6
EMBEDDING_TOKEN = 0.02e-6
"""Price of one input token of text-embedding-3-small; the language model is gpt-4o-mini (page)."""
