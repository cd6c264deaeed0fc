"""Reads the audit log of a kube-apiserver."""

import json
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """The audit events of all answered requests, oldest first.

    Useful fields: `user` (username, groups), `verb`, `objectRef` (resource, namespace, name; empty if the request
    is for no resource), `responseStatus.code`.
    """
    if not path.exists():
        return []
    # The last line may be incomplete.
    lines = path.read_text().split("\n")[:-1]
    events = (json.loads(line) for line in lines)
    return [{"objectRef": {}} | event for event in events if event["stage"] == "ResponseComplete"]
