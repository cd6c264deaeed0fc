"""What the world did to each credential since its last undisturbed run, and so what a run may do and must reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.manifests import (
    Payload,
    decode_value,
    make_config_map_manifest,
    make_secret_manifest,
    payload_key,
)
from argo_ecr_auth.core.renewal_plan import compute_jitter
from argo_ecr_auth.core.targets import Credential, Target
from tests.simulation.api_server import ApiServer
from tests.simulation.reality import FUNCTION, START, Reality
from tests.simulation.stored_object import Path, read_leaves

CLOCKS = timedelta(minutes=10)
"""No simulated clock is further from the truth."""


@dataclass(kw_only=True)
class Account:
    """The account of one credential."""

    target: Target
    credential: Credential
    api_server: ApiServer
    may_write: bool = True  # something may differ from what the function wrote
    unvouched: bool = True  # the ConfigMap may no longer vouch for the token
    broken: bool = True  # Argo CD may have no token that works
    foreign: bool = False  # an object belongs to something else, or cannot be written
    clear_at: datetime = START  # the last run that nothing disturbed
    margin: timedelta = timedelta(0)  # what that run left
    others: dict[tuple[str, Path], Any] = field(default_factory=dict)  # what others wrote beside ours
    backup: dict[str, dict[str, Any]] = field(default_factory=dict)
    others_in_backup: dict[tuple[str, Path], Any] = field(default_factory=dict)
    _leaves: dict[str, tuple[str, Mapping[tuple[str, Path], Any]]] = field(
        default_factory=dict
    )  # by plural: a version's

    @property
    def place(self) -> tuple[str, str, str]:
        return self.target.cluster, self.credential.namespace, self.credential.secret_name

    def path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self.credential.namespace}/{plural}/{self.credential.secret_name}"

    def get(self, plural: str) -> dict[str, Any]:
        """The object, empty where there is none."""
        status, found = self.api_server.request("GET", self.path(plural))
        return dict(found) if status == 200 else {}

    def read_payload(self) -> str:
        text = (self.get("secrets").get("data") or {}).get(payload_key(self.credential))
        return decode_value(text).decode(errors="replace")

    def list_services(self) -> set[str]:
        """What a run may need, as faults and hits name it."""
        role = self.credential.role.arn if self.credential.role else FUNCTION
        hosts = {f"registry:{registry.host}" for registry in self.credential.registries}
        apis = {f"ecr:{registry.region}:{role}" for registry in self.credential.registries}
        roles = {f"sts:{each.arn}" for each in (self.target.role, self.credential.role) if each}
        return {f"api:{self.target.cluster}", f"eks:{self.target.cluster}", *roles, *apis, *hosts}

    def early(self, renew_before: timedelta) -> timedelta:
        """How long before its end a token is due."""
        return renew_before + compute_jitter(self.target.name, renew_before=renew_before)

    def find_leaves(self) -> dict[tuple[str, Path], Any]:
        """All that both objects hold."""
        return {**self._find_leaves("secrets"), **self._find_leaves("configmaps")}

    def _find_leaves(self, plural: str) -> Mapping[tuple[str, Path], Any]:
        """What a version of the object holds, read once."""
        found = self.get(plural)
        version = str((found.get("metadata") or {}).get("resourceVersion"))
        if self._leaves.get(plural, ("", {}))[0] != version:
            self._leaves[plural] = version, {(plural, path): value for path, value in read_leaves(found).items()}
        return self._leaves[plural][1]


@cache
def list_own_paths(credential: Credential) -> frozenset[tuple[str, Path]]:
    """The keys that both objects have from us."""
    payload = Payload(text="x", expires_at=START, source="x")
    return frozenset(
        (plural, path)
        for plural, manifest in (
            ("secrets", make_secret_manifest(credential, payload)),
            ("configmaps", make_config_map_manifest(credential, payload)),
        )
        for path in read_leaves(manifest)
    )


@cache
def find_own_values(credential: Credential) -> Mapping[tuple[str, Path], Any]:
    """Our keys of both objects that hold the same whatever the token is."""
    one, two = (Payload(text=text, expires_at=START, source="x") for text in "ab")
    return {
        ("secrets", path): value
        for path, value in read_leaves(make_secret_manifest(credential, one)).items()
        if read_leaves(make_secret_manifest(credential, two))[path] == value
    }


def open_accounts(targets: tuple[Target, ...], api_servers: dict[str, ApiServer]) -> list[Account]:
    return [
        Account(target=target, credential=credential, api_server=api_servers[target.cluster])
        for target in targets
        for credential in target.credentials
    ]


def is_served(account: Account, reality: Reality) -> bool:
    """Whether Argo CD can pull with what the cluster holds now."""
    found = account.get("secrets")
    if found.get("type") != KINDS[account.credential.kind].secret_type:
        return False
    return reality.serves(account.read_payload(), account.credential)
