"""Extends ministack's HTTP interface: a log of all requests to AWS, a hook for tests, and ECR Public."""

import contextvars
import datetime as dt
import json
import os
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import detect_service

from tests.local_cloud.emulator import authorization_tokens
from tests.local_cloud.emulator.clusters import Fleet

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_HOOK = "/_local_cloud/"
# These are not AWS: ministack's own paths, and the token reviews of the API servers.
_NOT_LOGGED = ("/_ministack/", "/_localstack/", "/health")
_record: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("record")


def install(*, log: Path, fleet: Fleet, identity: str) -> None:
    original_app, original_dispatch = app.app, app._dispatch_service_request  # noqa: SLF001
    log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def dispatch(  # noqa: PLR0917 - ministack's own signature
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        record = _record.get({})  # empty where nothing is logged
        parameters = app._routing_params(method, path, headers, body, query)  # noqa: SLF001
        public = authorization_tokens.is_public(headers)
        service = "ecr-public" if public else detect_service(method, path, headers, parameters)
        record["service"] = service
        record["action"] = _find_operation(headers, parameters) or _find_operation_by_route(
            service, method, path, headers, body
        )
        if public:
            return authorization_tokens.answer_public(headers, query, request_id)
        return await original_dispatch(method, path, headers, body, query, request_id)

    async def front_door(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(_NOT_LOGGED):
            await original_app(scope, receive, send)
            return
        if path.startswith(_HOOK):
            status, answer = await to_thread(_answer_hook, fleet, identity, path)
            await _send(send, status, answer)
            return
        record = _begin(scope)
        _record.set(record)

        async def sending(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                record["status"] = message["status"]
                record["account"], record["region"] = get_account_id(), get_region()
                record["caller"] = iam_evaluator.caller_arn() if record["service"] else None
                # Before the answer, so that a client that has its answer finds the request in the log.
                os.write(log_file, json.dumps(record).encode() + b"\n")
            await send(message)

        await original_app(scope, receive, sending)

    app.app, app._dispatch_service_request = front_door, dispatch  # noqa: SLF001
    # Treat the loopback interface as TLS: the policy of CDK's bucket for assets demands it.
    app.pin_request_origin = lambda source_ip, _: iam_evaluator.pin_request_origin(source_ip, secure_transport=True)


def _begin(scope: Scope) -> dict[str, Any]:
    headers = dict(scope["headers"])
    return {
        "time": dt.datetime.now(dt.UTC).isoformat(),
        "service": None,
        "action": None,
        "account": None,
        "region": None,
        "caller": None,
        "method": scope["method"],
        "host": headers.get(b"host", b"").decode("latin-1"),
        "path": scope["path"],
        "status": None,
    }


def _find_operation(headers: dict[str, str], parameters: dict[str, Any]) -> str:
    """The operation, where the protocol names it: JSON in a header, Query in a parameter, others nowhere."""
    query_action = parameters.get("Action", "")
    if isinstance(query_action, list):
        query_action = query_action[0] if query_action else ""
    return headers.get("x-amz-target", "").rpartition(".")[2] or str(query_action)


def _find_operation_by_route(service: str, method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """The operation of a REST protocol if ministack knows it, else the method."""
    action = iam_actions.extract_iam_action(service, method, path, headers, body, {})
    return str(action).partition(":")[2] if action else method


def _answer_hook(fleet: Fleet, identity: str, path: str) -> tuple[int, str]:
    if path == _HOOK:
        return 200, identity
    try:
        account, region, name, action = path.removeprefix(f"{_HOOK}clusters/").split("/")
        fleet.control(account, region, name, action)
    except (ValueError, KeyError, RuntimeError) as error:
        return 400, json.dumps({"message": f"{path}: {error}"})
    return 200, "{}"


async def _send(send: Send, status: int, body: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body.encode())).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})
