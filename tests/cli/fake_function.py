"""What stands in for the deployed function: its answers, by the names of the targets. Deployed as it is, in a stack."""

import json
from typing import Any

RESULT = {
    "secret": "argocd/ecr-auth",
    "registry": "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    "action": "fresh",
    "reason": None,
    "expires_at": "2026-11-24T10:50:38Z",
    "seconds_to_expiry": 40000,
    "verified": None,
    "error": None,
    "error_type": None,
}


class SyncFailed(Exception):  # noqa: N818 - as the function's own
    pass


class EventError(ValueError):
    pass


def handler(event: dict[str, Any], context: object) -> object:
    results = []
    for name in event.get("targets", ["all"]):
        if name == "unknown":
            raise EventError("no target is named unknown: the settings have all")
        if name == "odd":
            return "odd"
        if name == "short":
            return {"results": [{"target": name}]}
        result = {"target": name, **RESULT}
        if name == "broken":
            result.update(action="failed", error="it is broken", seconds_to_expiry=None, expires_at=None)
        if name == "old":
            result.update(seconds_to_expiry=3600)
        if event.get("dry_run"):
            result.update(dry_run=True, action="renewed", changes=[])
        if event.get("force"):
            result.update(action="renewed", verified=True)
        results.append(result)
    answer = {"results": results}
    if any(result["action"] == "failed" for result in results):
        raise SyncFailed(json.dumps(answer))
    return answer
