"""What a discovery changes in the clusters file, and what it refuses."""

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from argo_ecr_auth_cli.discovery.changes import ClusterKey, Discovery, FoundCluster, Place, find_changes, quote
from argo_ecr_auth_cli.discovery.clusters_file import format_clusters
from argo_ecr_auth_settings.loader import load_document
from argo_ecr_auth_settings.profile_settings import ProfileSettings
from argo_ecr_auth_settings.validation import validate_settings
from tests.support.function import REGISTRY

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
HERE = Place(account=ACCOUNT, region=REGION)
ELSEWHERE = Place(account=OTHER, region=REGION)
PROFILES = msgspec.convert(
    {
        "base": {
            "credentials": [{"registry": REGISTRY}],
            "allowed": {"accounts": [ACCOUNT, OTHER], "regions": [REGION], "clusters": ["*"]},
        },
        "team-b": {
            "credentials": [{"registry": REGISTRY, "secret_name": "team-b"}],
            "allowed": {"accounts": [OTHER], "regions": [REGION], "clusters": ["b-*"]},
        },
    },
    dict[str, ProfileSettings],
)


def make_cluster(name: str = "demo", *, account: str = ACCOUNT, **others: Any) -> FoundCluster:
    """An active cluster with the tag of the profile base, but for what is given."""
    keys = {"status": "ACTIVE", "authentication_mode": "API", "profile": "base", **others}
    return FoundCluster(key=ClusterKey(account=account, region=REGION, name=name), **keys)


def make_entry(
    cluster: str = "demo", *, account: str = ACCOUNT, profile: str = "base", **others: Any
) -> dict[str, Any]:
    return {"cluster": cluster, "region": REGION, "account": account, "profile": profile, **others}


def _discover(*found: FoundCluster, present: Any = (), others: Any = (), read: Any = (HERE, ELSEWHERE)) -> Discovery:
    return find_changes(found, present=present, others=others, profiles=PROFILES, read=set(read))


def _list_changes(discovery: Discovery) -> list[tuple[str, str, str | None]]:
    return [(change.change, change.cluster, change.reason) for change in discovery.changes]


def test_a_tagged_cluster_is_added_and_an_untagged_one_is_not() -> None:
    discovery = _discover(make_cluster("b"), make_cluster("a"), make_cluster("c", profile=None))
    assert _list_changes(discovery) == [("added", "a", None), ("added", "b", None)]
    assert discovery.entries == (make_entry("a"), make_entry("b"))


def test_nothing_changes_the_second_time() -> None:
    found = [make_cluster("b"), make_cluster("b", account=OTHER), make_cluster("a")]
    first = _discover(*found)
    second = _discover(*reversed(found), present=first.entries)
    assert (second.differs, second.entries) == (False, first.entries)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"profile": "nobody"}, "there is no profile 'nobody'"),
        ({"profile": ""}, "there is no profile ''"),
        ({"profile": "b\u0430se"}, "there is no profile 'b\\u0430se' (U+0430 is CYRILLIC SMALL LETTER A)"),
        ({"profile": "base\u200b"}, "there is no profile 'base\\u200b' (U+200B is invisible)"),
        ({"profile": "team-b"}, f"the profile team-b does not allow the account {ACCOUNT} and the cluster demo"),
        ({"name": "d\u0435mo"}, "'d\\u0435mo' (U+0435 is CYRILLIC SMALL LETTER IE) is not the name of a cluster"),
        ({"name": "a: b}"}, "'a: b}' is not the name of a cluster"),
        ({"authentication_mode": "CONFIG_MAP"}, "its authentication mode is CONFIG_MAP, which has no access entries"),
        ({"status": "CREATING"}, "it is not active ('CREATING')"),
        ({"status": "FAILED"}, "it is not active ('FAILED')"),
    ],
)
def test_a_cluster_that_may_not_be_added_is_refused_with_the_reason(keys: dict[str, str], reason: str) -> None:
    discovery = _discover(make_cluster(**keys))
    ((kind, _, found),) = _list_changes(discovery)
    assert (kind, discovery.entries, discovery.differs) == ("refused", (), False)
    assert (found or "").startswith(reason)


@pytest.mark.parametrize(
    "keys", [{"status": "UPDATING"}, {"status": "DELETING"}, {"authentication_mode": "CONFIG_MAP"}]
)
def test_a_cluster_that_is_there_stays_whatever_its_state(keys: dict[str, str]) -> None:
    assert not _discover(make_cluster(**keys), present=[make_entry()]).differs


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        ([], "there is no such cluster"),
        ([make_cluster(profile=None)], "it has no tag argo-ecr-auth/profile"),
        ([make_cluster(profile="nobody")], "there is no profile 'nobody'"),
        ([make_cluster(account=OTHER, profile=None)], "there is no such cluster"),
    ],
)
def test_a_cluster_that_asks_for_no_profile_is_removed(found: list[FoundCluster], reason: str) -> None:
    discovery = _discover(*found, present=[make_entry()])
    assert _list_changes(discovery) == [("removed", "demo", reason)]
    assert discovery.entries == ()


@given(found=st.lists(st.sampled_from(["demo", "more", "other"])))
def test_a_place_that_could_not_be_read_keeps_its_clusters(found: list[str]) -> None:
    present = [make_entry(), make_entry("more", enabled=False)]
    discovery = _discover(*map(make_cluster, found), present=present, read=[ELSEWHERE])
    assert (discovery.changes, list(discovery.entries)) == ((), present)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"profile": "nobody"}, "there is no profile 'nobody'"),
        ({"account": "333333333333"}, "the profile base does not allow the account 333333333333"),
    ],
)
def test_an_entry_that_no_profile_allows_any_more_is_removed_although_nobody_looked(
    keys: dict[str, str], reason: str
) -> None:
    """Such an account is not searched, and the synth refuses the entry."""
    discovery = _discover(present=[make_entry(**keys)], read=[ELSEWHERE])
    assert _list_changes(discovery) == [("removed", "demo", reason)]


def test_another_tag_moves_a_cluster_and_keeps_its_other_keys() -> None:
    present = [make_entry("b-1", account=OTHER, namespace="argo")]
    discovery = _discover(make_cluster("b-1", account=OTHER, profile="team-b"), present=present)
    assert _list_changes(discovery) == [("moved", "b-1", "from the profile base")]
    assert discovery.entries == ({**present[0], "profile": "team-b"},)


def test_a_cluster_of_the_same_name_elsewhere_has_a_name_of_its_own_and_takes_no_other_ones() -> None:
    discovery = _discover(make_cluster(), make_cluster(account=OTHER), present=[make_entry(account=OTHER)])
    assert [entry.get("name") for entry in discovery.entries] == [f"demo.{ACCOUNT}.{REGION}", None]
    assert discovery.entries[1] == make_entry(account=OTHER)


def test_the_name_of_a_removed_cluster_is_not_given_to_another_one_at_once() -> None:
    discovery = _discover(make_cluster(account=OTHER), present=[make_entry()])
    assert [entry["name"] for entry in discovery.entries] == [f"demo.{OTHER}.{REGION}"]


def test_what_is_written_by_hand_stays_and_is_not_listed_twice() -> None:
    by_hand = [{"cluster": "mine"}, {"cluster": "demo", "account": ACCOUNT, "region": REGION}]
    discovery = _discover(make_cluster(), make_cluster("own"), present=by_hand, others=[make_entry("own")])
    assert [(change.change, change.reason) for change in discovery.changes] == [
        ("refused", "a hand-written target names it"),
        ("refused", "a hand-written target names it"),
    ]
    assert list(discovery.entries) == by_hand


@pytest.mark.parametrize("keys", [{}, {"account": ACCOUNT}, {"region": REGION}, {"account": None, "region": None}])
def test_a_cluster_that_may_be_one_written_by_hand_is_refused(keys: dict[str, Any]) -> None:
    by_hand = {"cluster": "demo", "profile": "base", **keys}
    discovery = _discover(make_cluster(), present=[by_hand, make_entry("old")], others=[by_hand])
    reason = "a hand-written target names it, or may: give that its account and region"
    assert [(change.change, change.reason) for change in discovery.changes][1:] == [("refused", reason)]
    assert discovery.entries == (by_hand,)


@pytest.mark.parametrize(
    ("present", "removed", "too_many"), [(10, 1, False), (10, 2, True), (19, 2, True), (1, 1, True)]
)
def test_removing_more_than_a_tenth_is_noticed(present: int, removed: int, too_many: bool) -> None:
    names = [f"c-{i}" for i in range(present)]
    discovery = _discover(*map(make_cluster, names[removed:]), present=[make_entry(name) for name in names])
    assert discovery.removes_too_many == too_many


def test_ten_thousand_clusters_are_compared() -> None:
    names = [f"c-{i:05}" for i in range(10_001)]
    first = _discover(*map(make_cluster, names))
    assert len(first.entries) == len(names)
    assert not _discover(*map(make_cluster, names), present=first.entries).differs


_TEXT = st.text(max_size=256)


@given(name=_TEXT, tag=_TEXT, status=_TEXT, mode=_TEXT)
def test_whatever_aws_answers_only_names_that_are_permitted_get_in(name: str, tag: str, status: str, mode: str) -> None:
    found = make_cluster(name, profile=tag, status=status, authentication_mode=mode)
    for discovery in (_discover(found), _discover(found, present=[make_entry()])):
        assert [entry for entry in discovery.entries if entry != make_entry()] == []
        reasons = [change.reason or "" for change in discovery.changes]
        assert [reason for reason in reasons if not (reason.isascii() and reason.isprintable())] == []


@given(_TEXT)
def test_a_quoted_text_is_short_and_can_be_printed(text: str) -> None:
    quoted = quote(text)
    assert quoted.isascii()
    assert quoted.isprintable()
    assert len(quoted) < 1_000


_HARD = ("true", "no", "NULL", "007", "1e3", "0x1f", "12_34", "on", "Y", "a-")


@settings(max_examples=30)  # YAML is slow
@given(
    entries=st.lists(
        st.fixed_dictionaries(
            {"cluster": st.sampled_from(_HARD), "account": st.from_regex("[0-9]{12}", fullmatch=True)},
            optional={"enabled": st.booleans(), "labels": st.dictionaries(st.text(), st.text())},
        )
    )
)
def test_what_is_written_is_read_as_it_was(tmp_path_factory: pytest.TempPathFactory, entries: list[Any]) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "settings.yaml").write_text("clusters: clusters.yaml\n")
    (folder / "clusters.yaml").write_text(format_clusters(entries), encoding="utf-8")
    document = load_document(folder / "settings.yaml", remedy="write one")
    assert document.content == {"targets": entries}
    assert yaml.safe_load((folder / "clusters.yaml").read_text()) == entries


def test_each_cluster_is_a_line_and_the_comments_at_the_top_stay() -> None:
    entries = [make_entry("a"), make_entry("007", name="zero.seven")]
    text = format_clusters(entries, before="# ours\n# too\n- {cluster: old}\n# lost\n")
    assert text == (
        f'# ours\n# too\n- {{cluster: a, region: {REGION}, account: "{ACCOUNT}", profile: base}}\n'
        f'- {{cluster: "007", region: {REGION}, account: "{ACCOUNT}", profile: base, name: zero.seven}}\n'
    )
    assert format_clusters([]).endswith("are lost.\n[]\n")


def test_what_is_found_is_valid_settings() -> None:
    discovery = _discover(make_cluster("Demo"), make_cluster("demo"), make_cluster("demo", account=OTHER))
    content = {"targets": list(discovery.entries), "profiles": msgspec.json.decode(msgspec.json.encode(PROFILES))}
    assert len(validate_settings(content).targets) == 3
