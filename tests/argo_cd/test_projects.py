"""Projects of Argo CD: whose credential an Application gets, and which repositories its project permits."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_HOST, PREFIX, by_prefix, commit_charts
from tests.argo_cd.deployment import TEAM_NAMES, TEAMS, WHOLE_REGISTRY
from tests.argo_cd.programs import ArgoCd, make_project
from tests.argo_cd.test_shadows import NOTHING_SERVES
from tests.support.ecr import Ecr
from tests.support.function import REGISTRY


@pytest.mark.parametrize("team", TEAM_NAMES)
def test_a_teams_application_pulls_with_the_token_of_the_teams_own_role(
    team: str, ecr: Ecr, argo_cds: Mapping[str, ArgoCd]
) -> None:
    argo_cds[TEAMS].apply(make_project(TEAMS, team))
    application = Application(argo_cd=argo_cds[TEAMS], name=team, project=team)
    pushed = len(ecr.list_pulls(f"{team}/demo"))

    application.create(**{**BY_HOST, "chart": f"{team}/demo"})

    application.wait_until_healthy()
    callers = {pull.caller for pull in ecr.list_pulls(f"{team}/demo")[pushed:]}
    assert {caller.split(":", 5)[5].split("/")[1] for caller in callers} == {team}


def test_a_teams_credential_serves_no_other_project(argo_cds: Mapping[str, ArgoCd]) -> None:
    argo_cds[TEAMS].apply(make_project(TEAMS, "team-c"))
    application = Application(argo_cd=argo_cds[TEAMS], name="team-c", project="team-c")

    application.create(**BY_HOST)

    application.wait_for_error(NOTHING_SERVES)


def test_a_template_serves_a_project_only_where_that_permits_the_repository(argo_cds: Mapping[str, ArgoCd]) -> None:
    argo_cd, source = argo_cds[WHOLE_REGISTRY], by_prefix("team")
    argo_cd.apply(make_project(WHOLE_REGISTRY, "strict", repositories=[by_prefix("another")["repoURL"]]))
    application = Application(argo_cd=argo_cd, name="strict", project="strict")

    application.create(**source)
    application.wait_for_error(f"application repo {source['repoURL']} is not permitted in project 'strict'")

    argo_cd.apply(make_project(WHOLE_REGISTRY, "strict", repositories=[source["repoURL"]]))
    application.refresh()
    application.wait_until_healthy()


def test_a_dependency_gets_a_templates_credentials_only_where_the_project_permits_all_below_the_host(
    argo_cds: Mapping[str, ArgoCd], tmp_path: Path
) -> None:
    argo_cd, git = argo_cds[WHOLE_REGISTRY], commit_charts(tmp_path / "git", {"wrapper": f"oci://{PREFIX}"})
    argo_cd.apply(make_project(WHOLE_REGISTRY, "dependent", repositories=[git, REGISTRY, PREFIX]))
    application = Application(argo_cd=argo_cd, name="dependent", project="dependent")

    application.create(repoURL=git, path="wrapper", targetRevision="HEAD")
    application.wait_for_error(NOTHING_SERVES)

    argo_cd.apply(make_project(WHOLE_REGISTRY, "dependent", repositories=[git, f"{REGISTRY}/**"]))
    application.refresh()
    application.wait_until_healthy()
