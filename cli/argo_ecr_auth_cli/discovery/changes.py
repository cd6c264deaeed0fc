"""Decides what changes in the clusters file, from the clusters that were found, the profiles and its entries."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from argo_ecr_auth_settings.characters import escape_characters
from argo_ecr_auth_settings.profile_settings import ProfileSettings

TAG = "argo-ecr-auth/profile"
"""The key of a cluster's tag. Its value is the name of a profile."""

Entry = Mapping[str, Any]
"""A target, as the clusters file has it."""

_MAX_SHOWN = 63  # characters: the longest name of a profile
_MAX_REMOVED = 0.1
_NAME = re.compile("[0-9A-Za-z][A-Za-z0-9_-]{0,99}")  # Amazon EKS API Reference, CreateCluster
_SERVING = {"ACTIVE", "UPDATING"}
_KINDS = ("added", "moved", "removed", "refused")


class Place(NamedTuple):
    """An account and one of its regions."""

    account: str
    region: str


class ClusterKey(NamedTuple):
    """What identifies a cluster."""

    account: str
    region: str
    name: str

    @property
    def place(self) -> Place:
        return Place(account=self.account, region=self.region)


@dataclass(frozen=True, kw_only=True)
class FoundCluster:
    """A cluster as EKS describes it. `profile` is the value of its tag, None without the tag."""

    key: ClusterKey
    status: str
    authentication_mode: str
    profile: str | None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What changes for one cluster. `refused`: it is tagged, and not added."""

    change: Literal["added", "moved", "removed", "refused"]
    account: str
    region: str
    cluster: str
    profile: str | None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The changes, and the file's entries after them."""

    changes: tuple[Change, ...]
    entries: tuple[Entry, ...]
    removes_too_many: bool

    @property
    def differs(self) -> bool:
        return any(change.change != "refused" for change in self.changes)


def find_changes(
    found: Iterable[FoundCluster],
    *,
    present: Sequence[Entry],
    others: Sequence[Entry] = (),
    profiles: Mapping[str, ProfileSettings],
    read: AbstractSet[Place],
) -> Discovery:
    """The changes. `others` are the targets that the settings list themselves.

    A cluster that its profile allows is removed only in a place that was read. An entry without a profile, an account
    or a region is hand-written, and stays.
    """
    managed = {key: entry for entry in present if entry.get("profile") and (key := _make_key(entry))}
    ids = set(map(id, managed.values()))
    by_hand = [entry for entry in present if id(entry) not in ids]
    clusters = {cluster.key: cluster for cluster in found if cluster.key.place in read}
    entries: dict[ClusterKey, Entry] = {}
    changes = []
    for key, entry in managed.items():
        kept, change = _review(entry, key, clusters.get(key), profiles=profiles, is_read=key.place in read)
        entries |= {key: kept} if kept else {}
        changes += [change] if change else []
    # The name of a removed target is not given to another cluster at the same time.
    names = {_get_name(entry).casefold() for entry in (*present, *others)}
    listed: dict[str, list[Entry]] = defaultdict(list)
    for entry in (*by_hand, *others):
        listed[entry["cluster"]].append(entry)
    for key in sorted(clusters.keys() - managed.keys()):
        if (profile := clusters[key].profile) is None:
            continue
        name = _choose_name(key, names=names)
        reason = _explain_refusal(clusters[key], profiles=profiles, listed=listed.get(key.name, ()))
        if name.casefold() in names:
            reason = reason or f"another target is named {name}"
        if reason is None:
            names.add(name.casefold())
            entries[key] = _make_entry(key, profile=profile, name=name)
        changes.append(_make_change("refused" if reason else "added", key, profile=profile, reason=reason))
    removed = sum(change.change == "removed" for change in changes)
    return Discovery(
        changes=tuple(sorted(changes, key=lambda change: (_KINDS.index(change.change), change.account, change.region))),
        entries=(*by_hand, *(entries[key] for key in sorted(entries))),
        removes_too_many=removed > _MAX_REMOVED * len(managed),
    )


def _review(
    entry: Entry,
    key: ClusterKey,
    cluster: FoundCluster | None,
    *,
    profiles: Mapping[str, ProfileSettings],
    is_read: bool,
) -> tuple[Entry | None, Change | None]:
    """What stays of an entry, and what changes."""
    before = entry["profile"]
    if not is_read:
        # The settings decide on it, without a look at the cluster.
        reason = _explain_not_permitted(key, before, profiles=profiles)
        return (None, _make_change("removed", key, profile=before, reason=reason)) if reason else (entry, None)
    if cluster is None:
        return None, _make_change("removed", key, profile=before, reason="there is no such cluster")
    if cluster.profile is None:
        return None, _make_change("removed", key, profile=before, reason=f"it has no tag {TAG}")
    if reason := _explain_not_permitted(key, cluster.profile, profiles=profiles):
        return None, _make_change("removed", key, profile=before, reason=reason)
    if cluster.profile == before:
        return entry, None
    change = _make_change("moved", key, profile=cluster.profile, reason=f"from the profile {before}")
    return {**entry, "profile": cluster.profile}, change


def _make_key(entry: Entry) -> ClusterKey | None:
    if entry.get("account") and entry.get("region"):
        return ClusterKey(account=entry["account"], region=entry["region"], name=entry["cluster"])
    return None


def _make_entry(key: ClusterKey, *, profile: str, name: str) -> Entry:
    entry = {"cluster": key.name, "region": key.region, "account": key.account, "profile": profile}
    return entry if name == key.name else {**entry, "name": name}


def _make_change(
    change: Literal["added", "moved", "removed", "refused"],
    key: ClusterKey,
    *,
    profile: str | None,
    reason: str | None = None,
) -> Change:
    return Change(
        change=change, account=key.account, region=key.region, cluster=key.name, profile=profile, reason=reason
    )


def _get_name(entry: Entry) -> str:
    return str(entry.get("name") or entry["cluster"])


def _choose_name(key: ClusterKey, *, names: AbstractSet[str]) -> str:
    """The target's name: the cluster's, or, if another target has that, with its account and region."""
    return key.name if key.name.casefold() not in names else f"{key.name[:60]}.{key.account}.{key.region}"


def _explain_refusal(
    cluster: FoundCluster, *, profiles: Mapping[str, ProfileSettings], listed: Sequence[Entry]
) -> str | None:
    """Why it is not added. `listed` are the hand-written targets of its name."""
    for entry in listed:
        if entry.get("account") in {None, cluster.key.account} and entry.get("region") in {None, cluster.key.region}:
            is_known = _make_key(entry) is not None
            return "a hand-written target names it" + ("" if is_known else ", or may: give that its account and region")
    if reason := _explain_not_permitted(cluster.key, cluster.profile, profiles=profiles):
        return reason
    if cluster.authentication_mode == "CONFIG_MAP":
        return "its authentication mode is CONFIG_MAP, which has no access entries: change it to API_AND_CONFIG_MAP"
    return None if cluster.status in _SERVING else f"it is not active ({quote(cluster.status)})"


def _explain_not_permitted(
    key: ClusterKey, profile_name: str | None, *, profiles: Mapping[str, ProfileSettings]
) -> str | None:
    account, region, name = key
    if not _NAME.fullmatch(name):
        return f"{quote(name)} is not the name of a cluster"
    profile = profiles.get(profile_name or "")
    if profile is None:
        return f"there is no profile {quote(profile_name or '')}"
    refusals = profile.allowed.find_refusals(cluster=name, account=account, region=region)
    wrong = [f"the {key} {value}" for key, value in refusals]
    return f"the profile {profile_name} does not allow {' and '.join(wrong)}" if wrong else None


def quote(text: str) -> str:
    """Somebody else's text in quotes, short, in ASCII, with the names of characters that look like others."""
    shown = ascii(text[:_MAX_SHOWN])
    return escape_characters(shown if len(text) <= _MAX_SHOWN else f"{shown}...")
