"""Which credentials let Argo CD send the token to the registry alone.

Argo CD matches credentials with the URLs of charts by the beginning of the text. None of this is a promise of Argo CD.
"""

from typing import Any

import pytest

from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import PREFIX
from tests.argo_cd.other_hosts import BEHIND_A_USER, DEPENDENCIES, IN_THE_REGISTRY, PUSHED_CHART, REPO_URLS, OtherHosts
from tests.argo_cd.playground import Playground

ALL_ASKED = {*DEPENDENCIES, *REPO_URLS}
"""Without IN_THE_REGISTRY: a chart asks for its dependency only where the credential serves the chart."""

ALL_SERVED = {"host", "prefix", "oci", "git", "nested"}


SAFE: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a repository": ({}, {"host"}),
    "a repository for a prefix": ({"url": PREFIX}, {"prefix"}),
    "templates": ({"kind": "repo-creds"}, {"prefix", "oci", "git", "nested"}),
    "templates for a prefix, without a slash": (
        {"kind": "repo-creds", "url": PREFIX},
        {"prefix", "oci", "git", "nested"},
    ),
    "argo-cd": ({"kind": "argo-cd"}, ALL_SERVED),
}
"""Credentials as a user writes them, and the Applications that each serves."""


@pytest.mark.parametrize(("credential", "serves"), SAFE.values(), ids=SAFE)
def test_the_token_reaches_the_registry_alone(
    credential: dict[str, Any], serves: set[str], playground: Playground, other_hosts: OtherHosts
) -> None:
    playground.replace(credential)

    attack = other_hosts.attack()

    pushed = {IN_THE_REGISTRY} if "nested" in serves else set()
    assert attack.asked == ALL_ASKED | pushed
    assert attack.given_a_password == set()
    assert other_hosts.find_synced(*serves) == serves


def test_with_a_name_the_token_reaches_hosts_that_look_like_the_registry(
    assets: Assets, playground: Playground, other_hosts: OtherHosts
) -> None:
    playground.replace({"name": "ecr"})

    attack = other_hosts.attack()

    assert attack.asked >= ALL_ASKED
    assert attack.given_a_password == {*DEPENDENCIES, *_ask_behind_a_user(assets)}
    served = {"host", "git", "bare-git"}
    assert other_hosts.find_synced(*served) == served


def test_from_templates_for_a_host_without_a_slash_the_token_reaches_hosts_that_begin_like_it(
    assets: Assets, playground: Playground, other_hosts: OtherHosts
) -> None:
    playground.replace({"kind": "repo-creds"})
    playground.remove_slashes()

    attack = other_hosts.attack()

    assert attack.asked >= ALL_ASKED
    reached = {name for name in ALL_ASKED if "shorter" not in name}
    assert attack.given_a_password == {*reached, *_ask_behind_a_user(assets)}


def test_of_type_oci_the_token_reaches_a_beginning_of_the_registrys_host(
    playground: Playground, other_hosts: OtherHosts
) -> None:
    playground.replace({"type": "oci", "url": PUSHED_CHART})

    assert other_hosts.attack().given_a_password == {IN_THE_REGISTRY}


def _ask_behind_a_user(assets: Assets) -> set[str]:
    return {BEHIND_A_USER} if assets.is_at_least(3, 6) else set()
