"""What the world did to each credential since its last undisturbed run, and so what a run may do and must achieve."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argo_ecr_auth.core.authorization_token import TOKEN_LIFETIME
from argo_ecr_auth.core.kinds import KINDS
from argo_ecr_auth.core.manifests import (
    Payload,
    decode_value,
    make_config_map_manifest,
    make_secret_manifest,
    payload_key,
)
from argo_ecr_auth.core.renewal_plan import compute_threshold, is_probe_due
from argo_ecr_auth.core.targets import Credential, Target
from tests.simulation.cluster import Cluster
from tests.simulation.installation import CHECK_INTERVAL
from tests.simulation.reality import FUNCTION, START, Reality

MAX_CLOCK_SKEW = timedelta(minutes=10)
"""No simulated clock is further from the truth."""

Path = tuple[str, ...]
Leaf = tuple[str, Path]
"""A key of the Secret (`secrets`) or the ConfigMap (`configmaps`)."""
_MAPS: tuple[Path, ...] = (("metadata", "labels"), ("metadata", "annotations"), ("data",), ("binaryData",))
_VALUES: tuple[Path, ...] = (("type",), ("immutable",), ("metadata", "ownerReferences"))


@dataclass(kw_only=True)
class Ledger:
    """The ledger of one credential."""

    target: Target
    credential: Credential
    cluster: Cluster
    changed: bool = True  # something may differ from what the function wrote
    unvouched: bool = True  # the ConfigMap may no longer vouch for the token
    broken: bool = True  # Argo CD may have no token that works
    rejected_since: datetime | None = None  # a registry rejects the token, and no run may know of it
    foreign: bool = False  # the Secret belongs to something else, or cannot be written
    undisturbed_at: datetime = START  # the last run that nothing disturbed
    margin: timedelta = timedelta(0)  # how long the tokens of that run were still valid
    others: dict[Leaf, Any] = field(default_factory=dict)  # what others added

    @property
    def secret(self) -> str:
        return f"{self.credential.namespace}/{self.credential.secret_name}"

    def path(self, plural: str) -> str:
        return f"/api/v1/namespaces/{self.credential.namespace}/{plural}/{self.credential.secret_name}"

    def read(self, plural: str) -> Mapping[str, Any]:
        """The object, empty if there is none."""
        return self.cluster.read(self.path(plural))

    def read_payload(self) -> str:
        text = (self.read("secrets").get("data") or {}).get(payload_key(self.credential))
        return decode_value(text).decode(errors="replace")

    def read_leaves(self) -> dict[Leaf, Any]:
        """All that both objects hold."""
        objects = {plural: self.read(plural) for plural in ("secrets", "configmaps")}
        return {(plural, path): value for plural, found in objects.items() for path, value in list_leaves(found)}

    def is_served(self, reality: Reality) -> bool:
        """Whether Argo CD can pull with what the cluster holds now."""
        is_usable = self.read("secrets").get("type") == KINDS[self.credential.kind].secret_type
        return is_usable and reality.serves(self.read_payload(), self.credential)

    def list_services(self) -> set[str]:
        """What a run may need, as faults and hits name it."""
        role = self.credential.role.arn if self.credential.role else FUNCTION
        apis = {f"ecr:{registry.region}:{role}" for registry in self.credential.registries}
        roles = {f"sts:{role.arn}" for role in (self.target.role, self.credential.role) if role}
        cluster = {f"api:{self.target.cluster}", f"eks:{self.target.cluster}"}
        return cluster | apis | roles | self.list_registries()

    def list_registries(self) -> set[str]:
        return {f"registry:{registry.host}" for registry in self.credential.registries}

    def compute_renew_before(self, renew_before: timedelta) -> timedelta:
        """How long before its expiry a token is due."""
        return compute_threshold(
            self.target.name, renew_before=renew_before, lifetime=TOKEN_LIFETIME, check_every=CHECK_INTERVAL
        )

    def finds_rejection(self, now: datetime) -> bool:
        """Whether a check at this moment tries the token in the cluster."""
        return self.credential.verify_login and is_probe_due(
            self.target.name, self.credential, now=now, check_every=CHECK_INTERVAL
        )


def list_leaves(manifest: Mapping[str, Any]) -> list[tuple[Path, Any]]:
    """Every key of the maps and the other values, by their paths."""
    leaves = [((*path, key), value) for path in _MAPS for key, value in (_look_up(manifest, path) or {}).items()]
    leaves += [(path, _look_up(manifest, path)) for path in _VALUES]
    return [(path, value) for path, value in leaves if value is not None]


def _look_up(manifest: Mapping[str, Any], path: Path) -> Any:
    value: Any = manifest
    for key in path:
        value = (value or {}).get(key)
    return value


@cache
def find_own_leaves(credential: Credential) -> Mapping[Leaf, Any]:
    """The keys that both objects have from us; the value is None if it differs from token to token."""
    one = Payload(text="a", expires_at=START, lifetime=timedelta(1), source="a")
    two = Payload(text="b", expires_at=START + timedelta(1), lifetime=timedelta(2), source="b")
    return {
        (plural, path): value if value == other else None
        for plural, make_manifest in (("secrets", make_secret_manifest), ("configmaps", make_config_map_manifest))
        for (path, value), (_, other) in zip(
            list_leaves(make_manifest(credential, one)), list_leaves(make_manifest(credential, two)), strict=True
        )
    }
