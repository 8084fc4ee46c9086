"""The small client's calls have the X-Ray subsegments that the X-Ray SDK records for botocore's."""

import json
import os
import subprocess
import sys

from tests.support.traced_calls import CALLS, STEPS


def subsegments(kind):
    environment = {"PATH": os.defpath, "AWS_LAMBDA_FUNCTION_NAME": "f", "LAMBDA_TASK_ROOT": "/var/task"}
    command = [sys.executable, "-m", "tests.support.traced_calls", kind]
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def test_subsegments_and_trace_headers_equal_those_of_botocore():
    small, reference = subsegments("small"), subsegments("botocore")
    assert small == reference
    assert [len(found) for found in small] == [len(STEPS)] * len(CALLS) + [1]
    document, exceptions, parents = small[0][0]
    assert (document["name"], document["namespace"], document["aws"]["table_name"]) == ("dynamodb", "aws", "t")
    assert document["aws"]["operation"] == "GetItem"
    assert (exceptions, parents) == ([], [True])
    assert small[0][2][2] == [True, True]  # both attempts
