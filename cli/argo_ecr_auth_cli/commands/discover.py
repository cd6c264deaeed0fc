"""Finds the clusters that are tagged with a profile, and what changes in the clusters file."""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from argo_ecr_auth.core.errors import AssumeRoleError, SyncError
from argo_ecr_auth_cli.aws_session import sign_in
from argo_ecr_auth_cli.commands.settings import REMEDY
from argo_ecr_auth_cli.discovery.changes import Change, Discovery, Entry, Place, find_changes, quote
from argo_ecr_auth_cli.discovery.clusters_file import write_clusters
from argo_ecr_auth_cli.discovery.search import Answer, SearchRole, list_accounts, search
from argo_ecr_auth_cli.messages import OPERATOR
from argo_ecr_auth_cli.terminal.exits import OK, UNHEALTHY, UNKNOWN, USAGE, CommandError
from argo_ecr_auth_cli.terminal.output import print_error, print_json, print_line, show_progress
from argo_ecr_auth_settings.document import SettingsDocument
from argo_ecr_auth_settings.field_types import explain_no_region, is_region
from argo_ecr_auth_settings.loader import load_document
from argo_ecr_auth_settings.schema import find_schema_faults
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings

_ATTEMPTS = 6  # of each call: many places are searched at once, and AWS throttles by account
_ACCOUNT = re.compile("[0-9]{12}")
_PLAIN = re.compile("[A-Za-z0-9_-]+")


def discover(options: argparse.Namespace) -> int:
    """Search, print the changes, and write them if asked to. Raises CommandError and SettingsError."""
    document = load_document(Path(options.file), remedy=REMEDY, may_lack_clusters=True)
    settings = _read_settings(document)
    others, present = _divide_targets(document)
    answers = _search(options, settings=settings)
    discovery = find_changes(
        (cluster for answer in answers for cluster in answer.clusters),
        present=present,
        others=others,
        profiles=settings.profiles,
        read={answer.place for answer in answers if answer.error is None},
    )
    _validate_result(document, [*others, *discovery.entries])
    is_refused = discovery.removes_too_many and not options.allow_removals
    is_written = bool(options.write and discovery.differs and not is_refused)
    if is_written and document.clusters_file:
        write_clusters(document.clusters_file, discovery.entries)
    _print(discovery, answers, written=is_written, as_json=options.output == "json")
    if is_refused and options.write:
        raise CommandError("more than a tenth would be removed: check why, then pass --allow-removals", code=UNHEALTHY)
    if answers and all(answer.error for answer in answers):
        return UNKNOWN
    return UNHEALTHY if options.check and discovery.differs else OK


def _read_settings(document: SettingsDocument) -> Settings:
    """The settings by their types alone: the search may remove what a rule refuses."""
    if find_schema_faults(document.content):
        validate_settings(document)  # raises, with the faults of the rules too
    settings = msgspec.convert(document.content, Settings)
    if document.clusters_file is None:
        raise CommandError(f"{document.source} names no clusters file: add clusters: clusters.yaml", code=USAGE)
    if not settings.profiles:
        raise CommandError(f"{document.source} has no profiles, so no cluster may be added", code=USAGE)
    return settings


def _divide_targets(document: SettingsDocument) -> tuple[list[Entry], list[Entry]]:
    """The settings' own targets, and those of the clusters file."""
    content: Any = document.content
    divided: tuple[list[Entry], list[Entry]] = ([], [])
    for i, target in enumerate(content.get("targets", ())):
        divided[bool(document.positions["targets", i].source)].append(target)
    return divided


def _validate_result(document: SettingsDocument, targets: Sequence[Entry]) -> None:
    """Refuse to write what the synth would refuse. Raises SettingsError."""
    content: Any = document.content
    positions = {path: position for path, position in document.positions.items() if not position.source}
    if targets:
        validate_settings(replace(document, content={**content, "targets": list(targets)}, positions=positions))


def _search(options: argparse.Namespace, *, settings: Settings) -> list[Answer]:
    allowed = [profile.allowed for profile in settings.profiles.values()]
    regions = options.regions or sorted({region for profile in allowed for region in profile.regions})
    accounts = options.accounts or sorted({account for profile in allowed for account in profile.accounts})
    for region in regions:
        if not is_region(region):
            raise CommandError(f"--region: {explain_no_region(quote(region))}", code=USAGE)
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise CommandError(f"--account: {quote(account)} is not the 12 digits of an account", code=USAGE)
    if options.external_id and not options.role:
        raise CommandError("--external-id goes with --role", code=USAGE)
    operator = sign_in(profile=options.profile, region=regions[0], attempts=_ATTEMPTS)
    if options.organization:
        accounts = list_accounts(operator, region=regions[0])
    places = [Place(account, region) for account, region in product(dict.fromkeys(accounts), dict.fromkeys(regions))]
    role = SearchRole(name=options.role, external_id=options.external_id) if options.role else None
    with show_progress("searching", total=len(places)) as done:
        return search(places, operator=operator, role=role, done=done)


def _print(discovery: Discovery, answers: Sequence[Answer], *, written: bool, as_json: bool) -> None:
    errors = [(answer.place, _explain(answer.error)) for answer in answers if answer.error]
    if as_json:
        not_read = [{**place._asdict(), "error": error} for place, error in errors]
        print_json({"changes": msgspec.to_builtins(discovery.changes), "not_read": not_read, "written": written})
        return
    for change in discovery.changes:
        print_line(_format_change(change))
    counts = Counter(change.change for change in discovery.changes)
    counted = ", ".join(f"{kind}: {number}" for kind, number in counts.items()) or "no changes"
    print_line(f"{counted}; targets: {len(discovery.entries)}{' (written)' if written else ''}")
    regions = defaultdict(list)
    for place, error in errors:
        # An error names the region that was asked; without it, those of an account are one line.
        regions[place.account, error.replace(place.region, "REGION")].append(place.region)
    for (account, error), names in regions.items():
        where = f"{account} {', '.join(names)}"
        print_error(f"{where}: not searched, its clusters stay: {error.replace('REGION', names[0])}")


def _explain(error: SyncError) -> str:
    if isinstance(error, AssumeRoleError):
        return f"{error.failed}: {error.why}; does its trust policy allow you, with this external ID?"
    return OPERATOR.explain(error)


def _format_change(change: Change) -> str:
    name = change.cluster if _PLAIN.fullmatch(change.cluster) else quote(change.cluster)
    words = change.reason or f"with the profile {change.profile}"
    if change.change == "moved":
        words = f"{words} to {change.profile}"
    return f"{change.change:<8} {change.account} {change.region} {name}: {words}"
