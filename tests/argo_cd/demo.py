"""The demo's last part: an Application of Argo CD that outlives its token."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from tests.argo_cd.application import Application
from tests.argo_cd.assets import Assets
from tests.argo_cd.charts import BY_HOST, push_chart, write_chart
from tests.argo_cd.programs import ArgoCd, install_definitions
from tests.local_cloud import binaries_registry
from tests.local_cloud.cloud import Cluster, LocalCloud
from tests.support.ecr import run_ecr
from tests.support.objects import Objects
from tests.support.rewritten import rewrite_expiry

HOW_TO_GET = (
    "Argo CD itself is not shown, because its programs are not here: `make test-argo-cd` builds them once, in five to "
    "ten minutes; then `make demo` ends with an Application."
)


class Story(Protocol):
    """Tells each step."""

    def step(self, title: str, *, why: str) -> AbstractContextManager[None]:
        """Tell that it begins, and that it is done."""


def find_assets() -> Assets | None:
    """What this part needs, None where some of it would have to be built."""
    return Assets.find_ready() if binaries_registry.is_ready() else None


def show_application(
    story: Story,
    *,
    assets: Assets,
    cloud: LocalCloud,
    cluster: Cluster,
    directory: Path,
    wait_for: Callable[[str, Callable[[], object]], None],
) -> None:
    """The Application is Synced, its token ends, the schedule renews, it is Synced. `wait_for` waits for a run."""
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
            application.wait_for("Synced")
            _print(application)
        try:
            with story.step("Let the token end", why="Without a renewal, this is what one sees twelve hours later."):
                ecr.end_tokens()
                application.refresh()
                application.wait_for("Unknown")
                _print(application)
            with story.step("Wait for the next run", why="The ConfigMap says that the token has expired."):
                before = {credential.password for credential in credentials}
                for credential in credentials:
                    rewrite_expiry(credential, datetime.now(UTC) - timedelta(minutes=1))
                wait_for(
                    "the next run to renew the token",
                    lambda: not before & {credential.password for credential in credentials},
                )
                application.refresh()
                application.wait_for("Synced")
                _print(application)
        finally:
            argo_cd.stop()


def _print(application: Application) -> None:
    print(f"   The Application {application.name} is {application.status}", flush=True)
    for line in application.error.splitlines():
        print(f"      {line}", flush=True)
