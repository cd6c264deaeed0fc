"""From a document, such as a parsed `settings.yaml`, to settings without faults; or all of its faults at once."""

import copy
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from argo_ecr_auth.core.registry import find_partition
from argo_ecr_auth.core.rules import find_faults
from argo_ecr_auth_deployment.environment_rules import find_environment_faults
from argo_ecr_auth_deployment.policy_size import find_policy_size_faults
from argo_ecr_auth_deployment.rules import find_deployment_faults
from argo_ecr_auth_deployment.schema import Path, find_schema_faults, format_path
from argo_ecr_auth_deployment.settings import DeploymentSettings


class SettingsError(ValueError):
    """The settings cannot be deployed; `faults` says why, each with its path."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


def read_settings(document: object, *, account: str | None = None, region: str | None = None) -> DeploymentSettings:
    """Settings without faults. Raises SettingsError with all of them: of the form, and of what the form cannot say.

    `account` and `region` are the stack's; None where they are not known at synth.
    """
    found = find_schema_faults(document)
    if not found:
        settings = msgspec.convert(document, DeploymentSettings)
        if faults := _faults(settings, account=account, region=region):
            raise SettingsError(faults)
        return settings
    rest = _sound_rest(document, [path for path, _ in found], region=region or "us-east-1")
    places = [format_path(path) for path, _ in found]
    raise SettingsError(
        (
            *(f"{place or 'settings'}: {fault}" for place, (_, fault) in zip(places, found, strict=True)),
            *(
                fault
                for fault in (_faults(rest, account=account, region=region) if rest else ())
                if not _is_of(fault, places)
            ),
        )
    )


def _faults(settings: DeploymentSettings, *, account: str | None, region: str | None) -> tuple[str, ...]:
    found = (
        *find_faults(settings, account=account, region=region),
        *find_deployment_faults(settings),
        *find_environment_faults(settings, account=account, region=region),
    )
    return found or find_policy_size_faults(settings, account=account, region=region)


def _is_of(fault: str, places: Collection[str]) -> bool:
    return fault.startswith(tuple(f"{place}{end}" for place in places for end in (":", ".", "[")))


def _sound_rest(document: object, faulty: Iterable[Path], *, region: str) -> DeploymentSettings | None:
    """The document less its faulty keys, as settings; None where nothing can be said of the rest.

    Something stands in for what is required, so that the rest can be checked too.
    """
    registry = f"000000000000.dkr.ecr.{region}.{find_partition(region).dns_suffix}"  # no other fault by itself
    rest = copy.deepcopy(document)
    for path in faulty:
        _remove(rest, path, registry=registry)
    try:
        _stand_in(rest, registry=registry)
        return msgspec.convert(rest, DeploymentSettings)
    except (msgspec.ValidationError, TypeError, AttributeError, KeyError):
        return None


def _remove(document: Any, path: Path, *, registry: str) -> None:
    """Remove the key at the path, or let another value stand in, for then there is one.

    Of a faulty entry in a list it is the whole list's key, so that no index moves.
    """
    while path and isinstance(path[-1], int):
        path = path[:-1]
    for step in path[:-1]:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(document, dict):
        document.pop(path[-1], None)
        credentials = [{"registry": registry, "secret_name": "stand-in"}]
        if path[-1] == "credentials":
            document["credentials"] = credentials
        elif path[-1] == "targets":
            document["targets"] = [{"cluster": "stand-in", "credentials": credentials}]


def _stand_in(document: Any, *, registry: str) -> None:
    lists = [document.get("credentials", [])]
    for i, target in enumerate(document["targets"]):
        target.setdefault("cluster", f"stand-in-{i}")
        lists.append(target.get("credentials", []))
    for credentials in lists:
        for i, credential in enumerate(credentials):
            if credential.get("registries"):
                continue
            if credential.setdefault("registry", registry) == registry:
                credential.setdefault("secret_name", f"stand-in-{i}")
