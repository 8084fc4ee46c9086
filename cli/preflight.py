"""Compares the concurrency that an AWS account grants to Lambda with the concurrency of the template's workers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.checkout import ROOT
from vigil.errors import Unavailable

DISTRICTS = ROOT / "infra" / "functions"
OTHER_EXECUTIONS = 20
"""Concurrent executions for requests, streams and schedules while every queue worker is busy."""
QUOTA = "L-B99A9384"
"""Code of the quota "Concurrent executions" in Service Quotas."""


@dataclass(frozen=True, slots=True)
class Concurrency:
    """Concurrent executions of an account: granted without a reservation, and needed by the template."""

    granted: int
    workers: int

    @property
    def needed(self) -> int:
        """Concurrent executions of all functions at the same time."""
        return self.workers + OTHER_EXECUTIONS

    @property
    def is_enough(self) -> bool:
        """True if busy workers leave room for requests."""
        return self.granted >= self.needed

    def sentence(self) -> str:
        """Return the result as a text, with the remedy if the account grants too little."""
        known = f"The account grants {self.granted} concurrent executions; Vigil needs {self.needed}"
        parts = f"({self.workers} for queue workers, {OTHER_EXECUTIONS} for requests, streams and schedules)"
        if self.is_enough:
            return f"{known} {parts}."
        return (
            f"{known} {parts}. Busy batches would make the API answer 429 and 5xx. Request a higher quota: "
            f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {QUOTA} "
            "--desired-value 1000. Or lower MaximumConcurrency in infra/functions."
        )


def check_concurrency(lambda_client: Any) -> Concurrency:
    """Return the concurrency of the account of this Lambda client; raise Unavailable if AWS does not answer."""
    try:
        limits = lambda_client.get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(f"AWS Lambda did not return the account's settings: {error}") from error
    return Concurrency(limits["UnreservedConcurrentExecutions"], worker_executions())


def worker_executions() -> int:
    """Return the sum of `MaximumConcurrency` of all queue workers of the template."""
    return sum(_maximum_concurrencies())


def _maximum_concurrencies() -> Iterator[int]:
    for file in sorted(DISTRICTS.glob("*.yaml")):
        for line in file.read_text().splitlines():
            _, found, value = line.partition("MaximumConcurrency:")
            if found:
                yield int(value.strip(" }"))
