"""Which Secret Argo CD uses for odd URLs: `argo_cd_urls.json`, as its own code answers.

`make argo-cd-urls` asks it again. In the table, HOST is the registry's host.
"""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.argo_cd.assets import Assets
from tests.support.function import REGISTRY
from tests.support.objects import encode_base64

TABLE = Path(__file__).with_suffix(".json")


def read_table() -> dict[str, Any]:
    return dict(json.loads(TABLE.read_text().replace("HOST", REGISTRY)))


def make_secrets(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The Secrets of a case. Unless it says otherwise, each has its own name as `name` and as its password."""
    return [
        _make_secret(name, kind, {"name": name, "password": name, **data})
        for name, secret in case["secrets"].items()
        for kind, data in secret.items()
    ]


def _make_secret(name: str, kind: str, data: Mapping[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": kind}},
        "data": {key: encode_base64(value) for key, value in data.items()},
    }


def _write_answers(program: Path) -> None:
    table = read_table()
    inquiries = [
        {"Secrets": make_secrets(case), "Project": case["project"], "URLs": table["urls"]} for case in table["cases"]
    ]
    done = subprocess.run([program], input=json.dumps(inquiries), stdout=subprocess.PIPE, text=True, check=True)
    for case, names in zip(table["cases"], json.loads(done.stdout), strict=True):
        case["served"] = {url: name for url, name in zip(table["urls"], names, strict=True) if name}
    cases = ",\n".join(json.dumps(case) for case in table["cases"])
    written = f'{{"urls": {json.dumps(table["urls"], indent=1)},\n"cases": [\n{cases}\n]}}\n'
    TABLE.write_text(written.replace(REGISTRY, "HOST"))


if __name__ == "__main__":
    _write_answers(Assets.find().credentials)
