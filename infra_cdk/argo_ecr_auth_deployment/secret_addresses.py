"""Which Secrets an installation writes, so that two installations can be kept apart."""

from collections.abc import Iterable
from dataclasses import dataclass

from argo_ecr_auth.core.targets import Target


@dataclass(frozen=True, kw_only=True, order=True)
class SecretAddress:
    account: str
    region: str
    cluster: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} of cluster {self.cluster}"


def list_secret_addresses(targets: Iterable[Target], *, account: str) -> frozenset[SecretAddress]:
    """Those of the enabled targets; `account` is that of targets that name none."""
    return frozenset(
        SecretAddress(
            account=target.account or account,
            region=target.region,
            cluster=target.cluster,
            namespace=credential.namespace,
            name=credential.secret_name,
        )
        for target in targets
        if target.enabled
        for credential in target.credentials
    )
