"""The demo's last part: an Application of Argo CD that outlives its token."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.argo_cd.application import Application
from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import BY_HOST, push_chart, write_chart
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.local_cloud import binaries_build, binaries_registry
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.local_cloud.terminal import GREEN, RED, Story, print_text
from tests.support.ecr import ENDED, run_ecr
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_expiry

HOW_TO_GET = "`make test-argo-cd` builds them; then `make demo` ends with an Application."


def find_missing() -> list[binaries_build.GoModule]:
    """What this part needs and would have to be built."""
    missing = Assets.find_missing()
    return missing if binaries_registry.is_ready() else [*missing, binaries_build.DISTRIBUTION]


def explain_missing(missing: Sequence[binaries_build.GoModule]) -> str:
    names = ", ".join(f"{module.title} {module.version}" for module in missing)
    minutes = sum(module.minutes for module in missing)
    return f"The demo's Application needs programs that are not here: {names}. To build them takes {minutes} minutes."


def find_or_build() -> Assets:
    binaries_registry.find()
    return Assets.find()


def show_application(
    story: Story,
    *,
    assets: Assets,
    cloud: LocalCloud,
    cluster: Cluster,
    directory: Path,
) -> None:
    """The Application is Synced across a renewal; then its token expires, and a run repairs it."""
    names = ("ecr-auth", "ecr-auth-helm", "ecr-auth-oci")
    credentials = [Objects(admin=cluster.admin, namespace="argocd", name=name) for name in names]
    (directory / "ecr").mkdir(parents=True)
    with run_ecr(cloud, directory / "ecr") as ecr:
        argo_cd = ArgoCd(
            namespace="argocd",
            directory=directory / "argo-cd",
            assets=assets,
            cluster=cluster,
            environment=ecr.environment,
        )
        application = Application(argo_cd=argo_cd, name="demo")
        with story.step(
            f"Start Argo CD {assets.version}", why="An Application installs a chart from ECR with our Secret."
        ):
            push_chart(assets, ecr, write_chart(directory, "demo"), "")
            install_definitions(assets, cluster)
            argo_cd.start()
            application.create(**BY_HOST)
            application.wait_until_healthy()
            _print(application)
        try:
            with story.step(
                "Wait for a renewal",
                why="The ConfigMap now says that the token is valid for one more hour, so the next run renews it.",
            ):
                _wait_for_new_tokens(story, credentials, left=timedelta(hours=1), application=application)
                _print(application)
            with story.step("Let the token expire", why="Without a renewal, this is what you see twelve hours later."):
                ecr.end_tokens()
                application.refresh()
                application.wait_for_error(ENDED)
                _print(application)
            with story.step("Wait for the next run", why="The ConfigMap says that the token has expired."):
                _wait_for_new_tokens(story, credentials, left=-timedelta(minutes=1))
                application.refresh()
                application.wait_until_healthy()
                _print(application)
        finally:
            argo_cd.stop()


def _wait_for_new_tokens(
    story: Story, credentials: Sequence[Objects], *, left: timedelta, application: Application | None = None
) -> None:
    """Let the ConfigMaps say how long the tokens are valid, and wait for others. The application stays Synced."""
    before = {credential.password for credential in credentials}
    for credential in credentials:
        rewrite_expiry(credential, datetime.now(UTC) + left)

    def is_renewed() -> bool:
        if application:
            application.refresh()
            if application.status != "Synced":
                raise RuntimeError(f"the Application is {application.status}: {application.error}")
        return not before & {credential.password for credential in credentials}

    story.wait_for("the next run to renew the token", is_renewed)


def _print(application: Application) -> None:
    status = application.status
    print_text(f"The Application {application.name} is {status}", style=GREEN if status == "Synced" else RED)
    if error := application.error:
        print_text(error, indent=6)
