"""A renewal meets Argo CD at work, or not running."""

from collections.abc import Mapping

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_HOST, BY_PREFIX
from tests.argo_cd.deployment import REPOSITORIES, WHOLE_REGISTRY, Deployment
from tests.argo_cd.programs import ArgoCd
from tests.support.ecr import Ecr
from tests.support.objects import Objects

_SECONDS = 60


def test_a_sync_that_runs_while_the_password_changes_succeeds(
    ecr: Ecr, deployment: Deployment, argo_cds: Mapping[str, ArgoCd]
) -> None:
    argo_cd = argo_cds[REPOSITORIES]
    credential = Objects(admin=argo_cd.cluster.admin, namespace=REPOSITORIES)
    application = Application(argo_cd=argo_cd, name="held")
    before = credential.password

    with ecr.hold_pulls("held/demo") as holds:
        application.create(**{**BY_HOST, "chart": "held/demo"})
        assert holds.wait(_SECONDS)
        deployment.renew()
        assert credential.password != before

    application.wait_until_healthy()


def test_argo_cd_restarts_and_pulls_with_what_was_renewed_meanwhile_and_later(
    ecr: Ecr, deployment: Deployment, argo_cds: Mapping[str, ArgoCd]
) -> None:
    argo_cd = argo_cds[WHOLE_REGISTRY]
    application = Application(argo_cd=argo_cd, name="restarted")
    application.create(**BY_PREFIX)
    application.wait_until_healthy()

    with argo_cd.down():
        ecr.end_tokens()
        deployment.renew()
    application.refresh()
    application.wait_until_healthy()

    ecr.end_tokens()
    deployment.renew()
    application.refresh()
    application.wait_until_healthy()
