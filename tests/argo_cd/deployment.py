"""The app deployed into a local cloud, with a credential for each way in which Argo CD reaches ECR."""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from argo_ecr_auth.core.targets import Credential
from argo_ecr_auth.core.timestamps import parse_expiry
from argo_ecr_auth_settings.resolve import resolve_targets
from tests.argo_cd.charts import PREFIX, WHOLE
from tests.local_cloud.cloud import LocalCloud
from tests.local_cloud.environment import REGION
from tests.support.function import REGISTRY, make_settings
from tests.support.installation import Installation
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_expiry

# The namespaces, each with an Argo CD of its own.
REPOSITORIES, WHOLE_REGISTRY, TEAMS = "repositories", "whole-registry", "teams"
NAMESPACES = (REPOSITORIES, WHOLE_REGISTRY, TEAMS)
# Another one: its Argo CD has a pull secret mounted.
MOUNTED = "mounted"
TEAM_NAMES = ("team-a", "team-b")

_CLUSTER = "demo"
_A_TICK_AND_A_COLD_START = 120
_LOG_SECONDS = 20


def make_credentials(roles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The credentials as a user writes them; `roles` are those of the teams."""
    repository = {"registry": REGISTRY, "namespace": REPOSITORIES}
    return [
        repository,
        {**repository, "secret_name": "ecr-prefix", "url": PREFIX},
        {**repository, "secret_name": "ecr-oci", "type": "oci", "url": f"{PREFIX}/demo"},
        {**WHOLE, "namespace": WHOLE_REGISTRY},
        {"registry": REGISTRY, "kind": "pull-secret", "namespace": MOUNTED, "secret_name": "ecr-pull"},
        *(
            {"registry": REGISTRY, "namespace": TEAMS, "secret_name": team, "project": team, "role_arn": role}
            for team, role in roles.items()
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An installation, its credentials, and what a test does with their tokens."""

    installation: Installation
    credentials: tuple[Credential, ...]

    @classmethod
    def make(cls, cloud: LocalCloud, folder: Path) -> Self:
        """Deploy it with a schedule of one minute."""
        cluster = cloud.create_cluster(_CLUSTER, namespaces=[*NAMESPACES, MOUNTED])
        roles = {team: cloud.create_role(team, allow=["ecr:GetAuthorizationToken"]) for team in TEAM_NAMES}
        target = {"cluster": _CLUSTER, "credentials": make_credentials(roles)}
        (folder / "settings.json").write_text(json.dumps({"targets": [target], "check_every": "1m"}))
        context = {"settings": str(folder / "settings.json"), **cloud.cdk_context()}
        installation = Installation(cloud=cloud, cluster=cluster, output=folder / "cdk.out", context=context)
        with ThreadPoolExecutor() as pool:
            bootstrap = pool.submit(cloud.bootstrap)
            installation.cdk("synth", "--quiet")
            bootstrap.result()
        installation.apply_manifests()
        installation.deploy()
        (resolved,) = resolve_targets(make_settings(target), region=REGION)
        return cls(installation=installation, credentials=resolved.credentials)

    def set_environment(self, variables: Mapping[str, str]) -> None:
        """Add these variables to the function's own: on this machine it finds ECR by them."""
        functions, name = self.installation.cloud.client("lambda"), self.installation.outputs()["FunctionName"]
        own = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**own, **variables}})

    def age_tokens(self) -> None:
        """As if the function had not run until the tokens ended."""
        for objects in self._list_objects():
            rewrite_expiry(objects, datetime.now(UTC) - timedelta(minutes=1))

    def wait_for_the_schedule(self) -> None:
        """Wait until its runs have written every credential, with a token that lives."""
        deadline = time.monotonic() + _A_TICK_AND_A_COLD_START
        while missing := [str(objects.path("secrets")) for objects in self._list_objects() if not _lives(objects)]:
            assert time.monotonic() < deadline, f"{missing}\n{self.installation.log()}"
            time.sleep(0.5)

    def renew(self) -> None:
        """What `argo-ecr-auth invoke --force` does."""
        invocation = self.installation.invoke({"force": True})
        assert not invocation.failed, invocation.answer

    def count_writes(self) -> int:
        return len(self._list_writes())

    def list_writes(self, *, after: int) -> list[dict[str, Any]]:
        """The function's log lines of the credentials that it wrote, after so many, one for each credential."""
        deadline = time.monotonic() + _LOG_SECONDS
        while len(writes := self._list_writes()[after:]) < len(self.credentials) and time.monotonic() < deadline:
            time.sleep(0.2)
        return writes

    def _list_writes(self) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.installation.log().splitlines() if '"action"' in line]
        return [line for line in lines if line.get("action") in {"created", "renewed", "repaired"}]

    def _list_objects(self) -> list[Objects]:
        admin = self.installation.cluster.admin
        return [
            Objects(admin=admin, namespace=credential.namespace, name=credential.secret_name)
            for credential in self.credentials
        ]


def _lives(objects: Objects) -> bool:
    ends = parse_expiry(objects.get("configmaps"))
    return ends is not None and ends > datetime.now(UTC)
