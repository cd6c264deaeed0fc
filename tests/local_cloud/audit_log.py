"""What a kube-apiserver was asked, by its audit log."""

import json
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """The audit events of every request that was answered, oldest first.

    Of interest: `user.username`, `user.groups`, `verb`, `objectRef` (resource, namespace, name), `responseStatus.code`.
    """
    if not path.exists():
        return []
    # The last line may be half written.
    lines = path.read_text().split("\n")[:-1]
    return [event for line in lines if (event := json.loads(line))["stage"] == "ResponseComplete"]
