"""Rules for targets: their names and addresses, and that no two credentials share a Secret."""

import base64
import ssl
from collections.abc import Iterator
from itertools import product

from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.settings import Settings, TargetSettings


def check_targets(settings: Settings) -> Iterator[str]:
    """Check each target on its own."""
    if not settings.targets:
        yield "targets: there is none; name at least one cluster"
    named: dict[str, str] = {}
    for i, target in enumerate(settings.targets):
        path = f"targets[{i}]"
        yield from attempt(_check_name(target, path=path, named=named))
        for rule in (_check_external_id, _check_address, _check_authority):
            yield from (f"{path}.{fault}" for fault in attempt(rule(target)))


def _check_name(target: TargetSettings, *, path: str, named: dict[str, str]) -> Iterator[str]:
    name = target.name or target.cluster
    key = name.casefold()  # macOS keeps one file for names that differ only in case
    if key in named:
        yield f"{path}.name: {name!r} is the name of {named[key]} already; give each a name of its own"
    named.setdefault(key, path)


def _check_external_id(target: TargetSettings) -> Iterator[str]:
    if target.external_id is not None and target.role_arn is None:
        yield "external_id: goes with role_arn, which is missing"


def _check_address(target: TargetSettings) -> Iterator[str]:
    if (target.endpoint is None) != (target.certificate_authority is None):
        given, missing = "endpoint", "certificate_authority"
        if target.endpoint is None:
            given, missing = missing, given
        yield f"{missing}: missing; {given} and {missing} are given both or not at all"


def _check_authority(target: TargetSettings) -> Iterator[str]:
    if target.certificate_authority is not None and not _is_pem(target.certificate_authority):
        yield "certificate_authority: not the base64 of PEM certificates, as DescribeCluster gives it"


def check_secrets(settings: Settings, *, region: str | None, account: str | None) -> Iterator[str]:
    """Check that each Secret of a cluster belongs to one credential."""
    written: dict[tuple[str | None, ...], str] = {}
    for i in range(len(settings.targets)):
        yield from attempt(_check_secrets(settings, i, home=(account, region), written=written))


def _check_secrets(
    settings: Settings, i: int, *, home: tuple[str | None, str | None], written: dict[tuple[str | None, ...], str]
) -> Iterator[str]:
    target = settings.targets[i]
    credentials = target.credentials or settings.credentials
    if not credentials:
        yield f"targets[{i}].credentials: there is none, neither here nor in the general credentials"
    origin = f" with profiles.{target.profile}." if target.profile else "." if target.credentials else " with "
    clusters: list[tuple[str | None, ...]] = [(target.account or home[0], target.region or home[1], target.cluster)]
    if target.endpoint:  # two names may lead to one API server
        clusters.append((target.endpoint.lower().removesuffix(":443"),))
    for j, credential in enumerate(credentials):
        path = f"targets[{i}]{origin}credentials[{j}]"
        for namespace, name in attempt(_list_secrets(credential, target=target)):
            places = [(*cluster, namespace, name) for cluster in clusters]
            if owner := next((written[place] for place in places if place in written), None):
                yield (
                    f"{path}: the Secret {namespace}/{name} of cluster {target.cluster} "
                    f"is {owner}'s already; give each its own secret_name"
                )
            written.update(dict.fromkeys(places, owner or path))


def _list_secrets(credential: CredentialSettings, *, target: TargetSettings) -> Iterator[tuple[str, str]]:
    namespaces = dict.fromkeys(credential.list_namespaces(default=target.namespace))
    yield from product(namespaces, (secret.name for secret in credential.secrets))


def _is_pem(base64_text: str) -> bool:
    """Whether it is a bundle of one or more certificates; during a CA rotation, EKS returns two."""
    try:
        pem = base64.b64decode(base64_text, validate=True).decode("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return False
    return True
