"""SQS queues, the worker loop that processes their messages, and scheduled sweeps over all tenants."""
