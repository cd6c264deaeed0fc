"""Records an installation's targets in its stack, for the next deployment to compare with."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from argo_ecr_auth.core.targets import Target
from argo_ecr_auth_settings.settings import Settings, format_interval, parse_duration

RECORD_KEY = "ArgoEcrAuthTargets"
"""The metadata key of the stack's template that holds the record."""


class TargetRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A target: its cluster, `ACCOUNT/REGION/NAME`, and the registries of its Secrets by `NAMESPACE/NAME`."""

    cluster: str
    secrets: Mapping[str, str]
    enabled: bool = True
    check_every: str = ""  # of its own, or else the installation's


class InstallationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The targets by name. The stack of a release without records has only names; the rest is empty."""

    check_every: str = ""
    targets: Mapping[str, TargetRecord]


def make_record(settings: Settings, targets: Iterable[Target]) -> InstallationRecord:
    return InstallationRecord(
        check_every=settings.check_every,
        targets={target.name: record_target(target, settings=settings) for target in targets},
    )


def record_target(target: Target, *, settings: Settings) -> TargetRecord:
    is_general = target.check_every == parse_duration(settings.check_every)
    return TargetRecord(
        cluster=f"{target.account or ''}/{target.region}/{target.cluster}",
        secrets={f"{found.namespace}/{found.secret_name}": found.registry for found in target.credentials},
        enabled=target.enabled,
        check_every="" if is_general else format_interval(target.check_every),
    )


def read_record(template: Mapping[str, Any]) -> InstallationRecord:
    """The record of a deployed stack. Of a stack without one, the targets that its schedules name."""
    if record := template.get("Metadata", {}).get(RECORD_KEY):
        return msgspec.convert(record, type=InstallationRecord)
    schedules = [
        resource["Properties"]
        for resource in template.get("Resources", {}).values()
        if resource["Type"] == "AWS::Scheduler::Schedule"
    ]
    names = [name for schedule in schedules for name in json.loads(schedule["Target"]["Input"])["targets"]]
    return InstallationRecord(targets={name: TargetRecord(cluster="", secrets={}) for name in names})
