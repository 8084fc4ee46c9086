"""Errors of AWS answers, in the form that botocore gives them."""

from http.client import responses
from typing import Any

from vigil.aws import json_bodies
from vigil.aws.http_answers import Answer
from vigil.aws.services import Service


def describe_refusal(service: Service, answer: Answer) -> dict[str, Any]:
    """Return the `response` of botocore's ClientError for an answer with an error status."""
    if answer.status >= 500 and (not answer.body or answer.body.strip().startswith(b"<html>")):
        error = {"Message": responses.get(answer.status, ""), "Code": str(answer.status)}
        return {"Error": error, "ResponseMetadata": metadata(answer)}  # a load balancer's answer
    body = _members(service, answer.body)
    code = str(body.pop("__type", answer.status))
    code = code.split(":", 1)[0].rsplit("#", 1)[-1] or str(answer.status)
    error = {"Message": body.get("message", body.get("Message", "")), "Code": code}
    # SQS answers with the codes of its older protocol beside the names of the current one.
    older, separator, fault = answer.headers.get("x-amzn-query-error", "").partition(";")
    if separator and older and ";" not in fault:
        error |= {"Code": older, "QueryErrorCode": code, "Type": fault}
    return body | {"Error": error, "ResponseMetadata": metadata(answer)}


def metadata(answer: Answer) -> dict[str, Any]:
    """Return the `ResponseMetadata` of an answer."""
    found = {"HTTPStatusCode": answer.status, "HTTPHeaders": dict(answer.headers)}
    request_id = answer.headers.get("x-amzn-requestid") or answer.headers.get("x-amz-request-id")
    return found | ({"RequestId": request_id} if request_id else {})


def _members(service: Service, body: bytes) -> dict[str, Any]:
    try:
        return json_bodies.decode(service, body)
    except ValueError:
        return {"message": body.decode(errors="replace")}
