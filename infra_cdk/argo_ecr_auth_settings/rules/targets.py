"""Rules for targets: their names and addresses, and that no two credentials share a Secret."""

import base64
import ssl
from collections.abc import Iterator
from itertools import product

from argo_ecr_auth_settings.broken import attempt
from argo_ecr_auth_settings.credential_settings import CredentialSettings
from argo_ecr_auth_settings.document import Fault, KeyPath, below, format_path, format_place, make_fault
from argo_ecr_auth_settings.settings import Settings, TargetSettings


def check_targets(settings: Settings) -> Iterator[Fault]:
    """Check each target on its own."""
    if not settings.targets:
        yield make_fault("targets", "there is none; name at least one cluster")
    named: dict[str, KeyPath] = {}
    for i, target in enumerate(settings.targets):
        path = ("targets", i)
        yield from attempt(_check_name(target, path=path, named=named))
        for rule in (_check_external_id, _check_address, _check_authority):
            yield from below(path, attempt(rule(target)))


def _check_name(target: TargetSettings, *, path: KeyPath, named: dict[str, KeyPath]) -> Iterator[Fault]:
    name = target.name or target.cluster
    key = name.casefold()  # macOS keeps one file for names that differ only in case
    if key in named:
        text = f"{name!r} is the name of {format_path(named[key])} already; give each a name of its own"
        yield Fault(path=(*path, "name"), text=text)
    named.setdefault(key, path)


def _check_external_id(target: TargetSettings) -> Iterator[Fault]:
    if target.external_id is not None and target.role_arn is None:
        yield make_fault("external_id", "goes with role_arn, which is missing")


def _check_address(target: TargetSettings) -> Iterator[Fault]:
    if (target.endpoint is None) != (target.certificate_authority is None):
        given, missing = "endpoint", "certificate_authority"
        if target.endpoint is None:
            given, missing = missing, given
        yield make_fault(missing, f"missing; {given} and {missing} are given both or not at all")


def _check_authority(target: TargetSettings) -> Iterator[Fault]:
    if target.certificate_authority is not None and not _is_pem(target.certificate_authority):
        yield make_fault("certificate_authority", "not the base64 of PEM certificates, as DescribeCluster gives it")


def check_secrets(settings: Settings, *, region: str | None, account: str | None) -> Iterator[Fault]:
    """Check that each Secret of a cluster belongs to one credential."""
    written: dict[tuple[str | None, ...], str] = {}
    for i in range(len(settings.targets)):
        yield from attempt(_check_secrets(settings, i, home=(account, region), written=written))


def _check_secrets(
    settings: Settings, i: int, *, home: tuple[str | None, str | None], written: dict[tuple[str | None, ...], str]
) -> Iterator[Fault]:
    target, own = settings.targets[i], ("targets", i)
    credentials = target.credentials or settings.credentials
    if not credentials:
        yield Fault(path=(*own, "credentials"), text="there is none, neither here nor in the general credentials")
    holder: KeyPath = ("profiles", target.profile) if target.profile else own if target.credentials else ()
    only = () if holder == own else own
    clusters: list[tuple[str | None, ...]] = [(target.account or home[0], target.region or home[1], target.cluster)]
    if target.endpoint:  # two names may lead to one API server
        clusters.append((target.endpoint.lower().removesuffix(":443"),))
    for j, credential in enumerate(credentials):
        path = (*holder, "credentials", j)
        place = format_place(path, target=only)
        for namespace, name in attempt(_list_secrets(credential, target=target)):
            secrets = [(*cluster, namespace, name) for cluster in clusters]
            if owner := next((written[secret] for secret in secrets if secret in written), None):
                taken = f"the Secret {namespace}/{name} of cluster {target.cluster} is {owner}'s already"
                yield Fault(path=path, target=only, text=f"{taken}; give each its own secret_name")
            written.update(dict.fromkeys(secrets, owner or place))


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
