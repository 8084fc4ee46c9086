"""The gateway of the embedded stack bounds the concurrent calls and the time of a call."""

import asyncio
from types import SimpleNamespace

import pytest

from cli import ministack_gateway
from cli.ministack_gateway import MAX_CONCURRENT_REQUESTS, Gateway, Integrations

CALL = (None, "api", "local", {}, {"path": "/v1/scores"}, None, None, {}, None, {}, {})


class Service:
    """The service of MiniStack's API Gateway: calls a function, and renders gateway responses."""

    def __init__(self, function):
        self._function = function

    async def _invoke_lambda_proxy_v1(self, *_, **__):
        return await self._function(self)

    def _lambda_proxy_response(self, result):
        return result, None

    def _import_rest_api(self, *_):
        return "api"

    def _gw_error(self, response_type, _):
        return response_type

    def _gateway_error_response(self, error, request):
        return {"INTEGRATION_TIMEOUT": 504, "INTEGRATION_FAILURE": 502}[error], {}, request["resource_path"]


def test_a_function_without_an_answer_in_time_is_a_504(monkeypatch):
    stopped = []

    async def hang(_):
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(True)

    monkeypatch.setattr(ministack_gateway, "INTEGRATION_SECONDS", 0.01)
    assert asyncio.run(Integrations(Service(hang)).invoke(*CALL)) == (504, {}, "/v1/scores")
    assert stopped == [True]


def test_the_gateway_waits_longer_than_api_gateway_does():
    assert ministack_gateway.INTEGRATION_SECONDS > 29


def test_a_throttled_function_is_a_502():
    async def throttle(_):
        return integrations.answer({"throttle": True})

    integrations = Integrations(Service(throttle))
    assert asyncio.run(integrations.invoke(*CALL)) == (502, {}, "/v1/scores")


@pytest.mark.parametrize(("path", "most"), [("/local/v1/scores", MAX_CONCURRENT_REQUESTS), ("/_ministack/ready", 20)])
def test_only_requests_of_the_api_wait_for_a_slot(path, most):
    async def serve_20():
        running, peak, release = 0, 0, asyncio.Event()

        async def app(_scope, _receive, _send):
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            await release.wait()
            running -= 1

        gateway = Gateway(app, SimpleNamespace(_import_rest_api=None))
        scopes = [{"type": "http", "path": path, "raw_path": path.encode(), "headers": []} for _ in range(20)]
        tasks = [asyncio.create_task(gateway.serve(scope, None, None)) for scope in scopes]
        for _ in range(5):
            await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*tasks)
        return peak

    assert asyncio.run(serve_20()) == most
