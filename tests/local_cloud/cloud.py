"""A local cloud and what a test does with it.

with LocalCloud(tmp_path / "cloud") as cloud:
    cluster = cloud.create_cluster("demo")
    role = cloud.create_role("reader", allow=["ecr:GetAuthorizationToken"])
    ecr = cloud.client("ecr", credentials=cloud.assume(role))
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.local_cloud.cluster import Cluster
from tests.local_cloud.emulator_process import EmulatorProcess
from tests.local_cloud.environment import ACCOUNT, ARCHITECTURE, REGION, make_client_environment, make_client_settings

__all__ = ["Cluster", "LocalCloud"]

_ROOT = Path(__file__).parents[2]
_CLUSTER_SECONDS = 120


class LocalCloud(EmulatorProcess):
    """A cloud in a state directory. It ends with its `with` block, or with this process, unless started `detached`."""

    def settings(self, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
        return make_client_settings(self.endpoint_url, self.state_dir, account=account, region=region)

    def environment(self, *, account: str = ACCOUNT, region: str = REGION) -> dict[str, str]:
        """A complete environment for a program that is a client of this cloud."""
        return make_client_environment(self.settings(account=account, region=region))

    def cdk_context(self) -> dict[str, str]:
        """The settings of a synth that fits this cloud: the processor that runs functions."""
        return {"architecture": ARCHITECTURE}

    def client(
        self,
        service: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        credentials: Mapping[str, str] | None = None,
    ) -> Any:
        """A boto3 client as the root of an account, or with credentials as `assume` returns them.

        It reads no environment and no files.
        """
        import boto3  # noqa: PLC0415 - `stop` must work where boto3 is missing
        import botocore.session  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        given = credentials or {"AccessKeyId": account, "SecretAccessKey": "anything"}
        nothing = (None, None, os.devnull, None)
        isolated = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
        session: Any = boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
            region_name=region,
            botocore_session=botocore.session.Session(session_vars=isolated),
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=Config(proxies={}))

    def create_role(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        allow: Sequence[str] = (),
        trusted: str | None = None,
        external_id: str | None = None,
    ) -> str:
        """Create a role that may take these actions on everything, and return its ARN.

        `trusted` may assume it, by default its whole account.
        """
        iam = self.client("iam", account=account)
        trust: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"AWS": trusted or f"arn:aws:iam::{account}:root"},
            "Action": "sts:AssumeRole",
        }
        if external_id:
            trust["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_make_policy(trust))["Role"]
        if allow:
            statement = {"Effect": "Allow", "Action": list(allow), "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="allow", PolicyDocument=_make_policy(statement))
        return str(role["Arn"])

    def assume(self, role_arn: str, **parameters: str) -> dict[str, str]:
        """Assume a role as the root of its account; the credentials."""
        sts = self.client("sts", account=role_arn.split(":")[4])
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **parameters)
        credentials: dict[str, str] = answer["Credentials"]
        return credentials

    def create_operator(self) -> dict[str, str]:
        """Create an IAM user that may do everything, and return its key as `assume` returns one.

        The clusters that it creates let it in, as on EKS. The account's root, whose key is the account's number, is
        let in by none.
        """
        iam = self.client("iam")
        iam.create_user(UserName="operator")
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        iam.put_user_policy(UserName="operator", PolicyName="allow", PolicyDocument=_make_policy(statement))
        key = iam.create_access_key(UserName="operator")["AccessKey"]
        return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}

    def create_cluster(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        namespaces: Sequence[str] = ("argocd",),
        creator: Mapping[str, str] | None = None,
    ) -> Cluster:
        """Create an EKS cluster with these namespaces, and wait until it is ready; `creator` as `begin_cluster`."""
        self.begin_cluster(name, account=account, region=region, creator=creator)
        return self.finish_cluster(name, account=account, region=region, namespaces=namespaces)

    @contextlib.contextmanager
    def run_cluster(
        self, name: str, *, account: str = ACCOUNT, namespaces: Sequence[str] = ("argocd",)
    ) -> Iterator[Cluster]:
        """A cluster that is deleted at the end of the `with` block, so that its processes do not slow what follows."""
        cluster = self.create_cluster(name, account=account, namespaces=namespaces)
        try:
            yield cluster
        finally:
            self.client("eks", account=account).delete_cluster(name=name)

    def begin_cluster(
        self, name: str, *, account: str = ACCOUNT, region: str = REGION, creator: Mapping[str, str] | None = None
    ) -> None:
        """The first half of `create_cluster`, so that several clusters can start at once.

        `creator` is whose key creates it, as `create_operator` returns one; by default the account's root.
        """
        iam = self.client("iam", account=account)
        try:
            role = iam.get_role(RoleName="eks-cluster")["Role"]["Arn"]
        except iam.exceptions.NoSuchEntityException:
            trust = {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            role = iam.create_role(RoleName="eks-cluster", AssumeRolePolicyDocument=_make_policy(trust))["Role"]["Arn"]
        self.client("eks", account=account, region=region, credentials=creator).create_cluster(
            name=name, roleArn=role, resourcesVpcConfig={}, accessConfig={"authenticationMode": "API"}
        )

    def finish_cluster(
        self,
        name: str,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        namespaces: Sequence[str] = ("argocd",),
    ) -> Cluster:
        eks = self.client("eks", account=account, region=region)
        deadline = time.monotonic() + _CLUSTER_SECONDS
        while (status := eks.describe_cluster(name=name)["cluster"]["status"]) != "ACTIVE":
            if status == "FAILED" or time.monotonic() > deadline:
                raise RuntimeError(
                    f"The cluster {name} is not ready: {status}. The end of the emulator's log:\n{self.log_tail()}"
                )
            time.sleep(0.2)
        cluster = Cluster(emulator=self, name=name, account=account, region=region)
        for namespace in namespaces:
            cluster.admin.create_namespace(namespace)
        return cluster

    def requests(self) -> list[dict[str, Any]]:
        """Every request to AWS so far: time, service, action, account, region, caller, method, host, path, status."""
        log = self.state_dir / "requests.jsonl"
        return [json.loads(line) for line in log.read_text().split("\n")[:-1]]

    def bootstrap(self, *, account: str = ACCOUNT, region: str = REGION, trust: str | None = None) -> None:
        """Run `cdk bootstrap`; the account `trust` may then deploy here, too."""
        policies = "--cloudformation-execution-policies=arn:aws:iam::aws:policy/AdministratorAccess"
        trusting = [f"--trust={trust}", policies] if trust else []
        done = subprocess.run(
            [_ROOT / ".venv" / "bin" / "cdk", "bootstrap", "--no-notices", f"aws://{account}/{region}", *trusting],
            # No cdk.json: the bootstrap needs no app.
            cwd=self.state_dir,
            env=self.environment(account=account, region=region),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"cdk bootstrap of {account}/{region} failed:\n{done.stdout}")


def _make_policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
