"""What AWS and OpenAI ask: dollars, us-east-1, on demand, without free tiers, as of 2025-11.

aws.amazon.com/{lambda,api-gateway,dynamodb,sqs,s3,eventbridge,cloudwatch,xray,fargate,elasticloadbalancing,sagemaker}/pricing,
openai.com/api/pricing.
"""

HOURS = 730.0
"""Of a month."""

GB_SECOND_ARM = 0.0000133334
SNAPSHOT_GB_MONTH = 0.0000015046 * 3600 * HOURS
"""SnapStart keeps a snapshot of each published version; Java's are free, Python's are not."""
REQUESTS = {
    "api gateway": 3.50e-6,
    "lambda request": 0.20e-6,
    "sqs": 0.40e-6,
    "s3 put": 5.0e-6,
    "s3 get": 0.4e-6,
    "dynamodb write": 0.625e-6,
    "dynamodb read": 0.125e-6,
    "event": 1.0e-6,
    "trace": 5.0e-6,
}
LOG_GB = 0.50

FARGATE_VCPU_HOUR_ARM = 0.03238
FARGATE_GB_HOUR_ARM = 0.00356
BALANCER_HOUR = 0.0225
BALANCER_UNIT_HOUR = 0.008

SAGEMAKER_GB_SECOND = 0.00002
SAGEMAKER_DATA_GB = 0.016

LANGUAGE_INPUT_TOKEN = 0.15e-6
LANGUAGE_OUTPUT_TOKEN = 0.60e-6
EMBEDDING_TOKEN = 0.02e-6
"""gpt-4o-mini and text-embedding-3-small."""
