"""Runs `doctor` in a test, and makes what it finds."""

import base64
import json
import re
from typing import Any

from tests.cli.command_line import CommandLine
from tests.support.objects import Objects


def run_doctor(doctor: CommandLine, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the findings, but for what other tests leave in this cluster."""
    done = doctor.run("doctor", "-o", "json", *arguments, **environment)
    assert done.stdout, done.stderr
    found = [
        finding
        for finding in json.loads(done.stdout)["findings"]
        if finding["finding"] != "leftover" or "theirs" in finding["message"]
    ]
    return done.returncode, found


def get_only_finding(doctor: CommandLine, *arguments: str, **environment: str) -> dict[str, Any]:
    _, found = run_doctor(doctor, *arguments, **environment)
    assert len(found) == 1, found
    return found[0]


def give_policy(eks: Any, principal: str, policy: str, scope: dict[str, Any]) -> None:
    """Give the principal's access entry one of EKS's own policies."""
    eks.associate_access_policy(
        clusterName="demo",
        principalArn=principal,
        policyArn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
        accessScope=scope,
    )


def find_by_secret(doctor: CommandLine, name: str) -> dict[str, dict[str, Any]]:
    """The findings of this name, by the Secret that their message names first."""
    found = [finding for finding in run_doctor(doctor)[1] if finding["finding"] == name]
    by_secret = {re.findall(r"test-[0-9a-f]+/([a-z0-9-]+)", finding["message"])[0]: finding for finding in found}
    assert len(by_secret) == len(found), found
    return by_secret


def create_secret(objects: Objects, secret: str, *, kind: str, **data: str) -> None:
    status, answer = objects.admin.request(
        "POST",
        f"/api/v1/namespaces/{objects.namespace}/secrets",
        {
            "metadata": {"name": secret, "labels": {"argocd.argoproj.io/secret-type": kind}},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
    )
    assert status == 201, answer
