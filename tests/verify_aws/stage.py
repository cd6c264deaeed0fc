"""The account and the cluster that are asked, and what is created there: all of it has one prefix and one tag."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError

from argo_ecr_auth.aws.eks import describe_cluster
from argo_ecr_auth.aws.eks_token import sign_bearer_token
from argo_ecr_auth.aws.sessions import Sessions
from tests.local_cloud.kube_api import KubeApi

PREFIX = "argo-ecr-auth-verify"
TAGS = [{"Key": PREFIX, "Value": "true"}]
_SECONDS = 60  # for an answer, and until IAM's changes reach other services
_NOT_KNOWN_YET = re.compile("Denied|InvalidParameter|NoSuchEntity")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What AWS does. `right` says whether we assume that; None if it is not known."""

    text: str
    right: bool | None


Answers = Iterator[tuple[str, Answer]]
"""Each answer, with the ID of its question."""


class StoppedError(Exception):
    """The run was interrupted, or its time is up."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Shared by the threads that ask. After `stop` is set, each of them ends before its next call.

    `checks` are those that are watched of an installation; `other_principal` is the ARN of a role in another account.
    """

    cluster: str
    region: str
    sessions: Sessions
    checks: int = 5
    other_principal: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def registry(self) -> str:
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"

    def client(self, service: str, *, credentials: Mapping[str, str] | None = None, region: str | None = None) -> Any:
        """A client with the caller's credentials, or with those that `assume` returned."""
        if self.stop.is_set():
            raise StoppedError
        region = region or self.region
        if credentials is None:
            # Called once: a second creation would be refused if only the answer to the first one was lost.
            return self.sessions.client(
                service, region=region, seconds=_SECONDS if service in {"ecr", "eks", "iam"} else None
            )
        with self.sessions.lock:
            session: Any = boto3.Session(*freeze(credentials))
            return session.client(service, region_name=region, config=self.sessions.config)

    def poll(self, seconds: float, *, every: float = 2) -> Iterator[float]:
        """The seconds since the first, at intervals. Raises StoppedError."""
        begin = time.monotonic()
        while (elapsed := time.monotonic() - begin) < seconds:
            yield elapsed
            if self.stop.wait(every):
                raise StoppedError

    def create_role(self, purpose: str, *, allow: Sequence[str] = ()) -> str:
        """A role that the account may assume and that may take these actions; its ARN."""
        account = {"AWS": f"arn:aws:iam::{self.account}:root"}
        trust = make_policy({"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"})
        name = f"{PREFIX}-{purpose}"
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=TAGS)["Role"]
        if allow:
            self.put_policy(purpose, {"Effect": "Allow", "Action": list(allow), "Resource": "*"})
        return str(role["Arn"])

    def put_policy(self, purpose: str, statement: Mapping[str, Any], *, name: str = "allow") -> None:
        document = make_policy(statement)
        self.client("iam").put_role_policy(RoleName=f"{PREFIX}-{purpose}", PolicyName=name, PolicyDocument=document)

    def delete_role(self, name: str) -> None:
        iam = self.client("iam")
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)
        iam.delete_role(RoleName=name)

    def assume(self, role: str, *, seconds: int = 3600, by: Mapping[str, str] | None = None) -> dict[str, str]:
        """The role's credentials, as soon as STS knows it; `by` is another role's, for a chain."""
        arguments = {"RoleArn": role, "RoleSessionName": PREFIX, "DurationSeconds": seconds}
        found = self.retry(lambda: self.client("sts", credentials=by).assume_role(**arguments))
        return dict(found["Credentials"])

    def retry(self, call: Callable[[], Any], *, refusals: set[str] | None = None) -> Any:
        """What the call returns, as soon as the new role or its policy is known; `refusals` gets AWS's codes."""
        for elapsed in self.poll(_SECONDS + 10):
            try:
                return call()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if not _NOT_KNOWN_YET.search(code) or elapsed > _SECONDS:
                    raise
                if refusals is not None:
                    refusals.add(code)
        raise StoppedError

    def connect(self, credentials: Mapping[str, str] | None = None, *, token: str | None = None) -> KubeApi:
        """The cluster's API server, with the caller's credentials, a role's, or this bearer token."""
        own = self.sessions.as_role(None)
        address = describe_cluster(own, cluster=self.cluster, region=self.region)
        signer = freeze(credentials) if credentials else own.credentials()
        token = token or sign_bearer_token(credentials=signer, cluster=self.cluster, region=self.region)
        return KubeApi(endpoint=address.endpoint, ca_pem=address.certificate_authority, token=token)


def freeze(credentials: Mapping[str, str]) -> ReadOnlyCredentials:
    return ReadOnlyCredentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def make_policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
