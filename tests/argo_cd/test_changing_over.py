"""From the credentials of earlier versions to `kind: argo-cd`, as docs/credentials.md says it."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.argo_cd.application import Application, refresh
from tests.argo_cd.other_hosts import OtherHosts
from tests.argo_cd.playground import Playground
from tests.argo_cd.test_other_hosts import ALL_ASKED, ALL_SERVED

NAMED = {"name": "ecr"}
TEMPLATES = {"kind": "repo-creds", "secret_name": "templates"}
HOST = {"secret_name": "host"}
ARGO_CD = {"kind": "argo-cd", "secret_name": "ecr"}


@dataclass(frozen=True, kw_only=True)
class Start:
    """An earlier version's credential, and the Applications that it serves.

    `runs` are the settings of each run, and `deletes` the Secrets that are then deleted.
    """

    credential: dict[str, Any]
    has_slashes: bool = True
    serves: set[str]
    runs: Sequence[Sequence[dict[str, Any]]]
    deletes: Collection[str]


STARTS = {
    "a repository with a name": Start(
        credential=NAMED, serves={"host", "git"}, runs=[[NAMED, ARGO_CD]], deletes=["ecr-auth"]
    ),
    "templates without a slash": Start(
        credential=TEMPLATES,
        has_slashes=False,
        serves=ALL_SERVED,
        runs=[[ARGO_CD]],
        deletes=["templates", "templates-oci"],
    ),
    "templates without a slash, to which this version adds it": Start(
        credential=TEMPLATES,
        has_slashes=False,
        serves=ALL_SERVED,
        # From the second run on it is this version.
        runs=[[{**HOST, **NAMED}], [HOST, TEMPLATES], [HOST, TEMPLATES, ARGO_CD]],
        deletes=["host", "templates", "templates-oci"],
    ),
}


@pytest.mark.parametrize("title", STARTS)
def test_applications_stay_synced_until_argo_cd_has_its_new_credential(
    title: str, playground: Playground, other_hosts: OtherHosts
) -> None:
    start = STARTS[title]
    playground.replace(start.credential)
    if not start.has_slashes:
        playground.remove_slashes()
    assert other_hosts.find_synced(*start.serves) >= start.serves

    applications = [other_hosts.useful[name] for name in start.serves]
    for settings in start.runs:
        assert _observe(applications, during=partial(playground.write, *settings)) == {"Synced"}
    assert _observe(applications, during=partial(playground.delete, *start.deletes)) == {"Synced"}

    attack = other_hosts.attack()
    assert attack.asked >= ALL_ASKED
    assert attack.given_a_password == set()
    assert other_hosts.find_synced(*ALL_SERVED) == ALL_SERVED


def _observe(applications: Collection[Application], *, during: Callable[[], object]) -> set[str]:
    """Refresh them hard, again and again, until something is done, and once more; each status or error."""
    seen = set()
    with ThreadPoolExecutor() as pool:
        task = pool.submit(during)
        is_done = False
        while not is_done:
            is_done = task.done()
            refresh(applications)
            seen |= {application.error or application.status for application in applications}
    task.result()
    return seen
