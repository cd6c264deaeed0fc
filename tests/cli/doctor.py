"""Runs `doctor` in a test, and makes what it finds."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from argo_ecr_auth.api_server.eks_server import EksApiServers
from argo_ecr_auth.api_server.warm_cache import WarmCache
from argo_ecr_auth.aws.sessions import Sessions
from argo_ecr_auth_cli.aws_session import Operator
from argo_ecr_auth_cli.doctor.check_context import CheckContext, SharedContext, make_contexts
from argo_ecr_auth_cli.installation import load_installation
from argo_ecr_auth_cli.messages import OPERATOR
from argo_ecr_auth_cli.own_commands import OwnCommands
from argo_ecr_auth_cli.terminal.arguments import parse_arguments
from tests.cli.command_line import CommandLine
from tests.support.objects import Objects, encode_base64


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
    labels = {"argocd.argoproj.io/secret-type": kind}
    encoded = {key: encode_base64(value) for key, value in data.items()}
    replace(objects, name=secret).create("secrets", {"metadata": {"labels": labels}, "data": encoded})


def make_check_contexts(
    directory: Path, settings: dict[str, Any], *, account: str | None = None, **others: Any
) -> list[CheckContext]:
    """What checks in this process get: these settings, and an operator of this account."""
    file = directory / "settings.yaml"
    file.write_text(yaml.safe_dump(settings))
    installation = load_installation(parse_arguments(["doctor", "--settings", str(file)]), region="us-east-1")
    sessions = Sessions(region="us-east-1")
    shared = SharedContext(
        installation=installation,
        operator=Operator(sessions=sessions, account=account, identity=OPERATOR),
        own_commands=OwnCommands(),
        servers=EksApiServers(WarmCache(sessions=sessions)),
        now=datetime.now(UTC),
        **{"function_role": None, **others},
    )
    return make_contexts(installation.targets, shared)
