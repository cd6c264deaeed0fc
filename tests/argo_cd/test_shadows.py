"""Which of several Secrets Argo CD uses, and which Applications a credential does not serve."""

from collections.abc import Mapping
from typing import Any

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_OCI_URL, by_prefix
from tests.argo_cd.deployment import REPOSITORIES, WHOLE_REGISTRY, Deployment
from tests.argo_cd.programs import ArgoCd
from tests.local_cloud import ecr_token
from tests.support.ecr import ENDED, Ecr
from tests.support.function import REGISTRY
from tests.support.objects import Objects

# The words of helm where the registry asks for a password and Argo CD has none.
NOTHING_SERVES = "basic credential not found"


def test_an_older_secret_for_the_same_url_shadows_a_template(
    ecr: Ecr, deployment: Deployment, argo_cds: Mapping[str, ArgoCd]
) -> None:
    argo_cd, source = argo_cds[WHOLE_REGISTRY], by_prefix("shadowed")
    password = ecr_token.parse(ecr.issue_token()).password
    argo_cd.apply(make_repository("theirs", url=source["repoURL"], username="AWS", password=password))
    ecr.end_tokens()
    deployment.renew()
    application = Application(argo_cd=argo_cd, name="shadowed")

    application.create(**source)
    application.wait_for_error(ENDED)

    Objects(admin=argo_cd.cluster.admin, namespace=WHOLE_REGISTRY, name="theirs").delete("secrets")
    application.refresh()
    application.wait_until_healthy()


def test_an_older_secret_without_credentials_gets_those_of_the_template(argo_cds: Mapping[str, ArgoCd]) -> None:
    argo_cd, source = argo_cds[WHOLE_REGISTRY], by_prefix("bare")
    argo_cd.apply(make_repository("bare", url=source["repoURL"]))
    application = Application(argo_cd=argo_cd, name="bare")

    application.create(**source)

    application.wait_until_healthy()


def test_a_repository_serves_no_url_below_its_own(argo_cds: Mapping[str, ArgoCd]) -> None:
    application = Application(argo_cd=argo_cds[REPOSITORIES], name="below")

    application.create(**by_prefix("below"))

    application.wait_for_error(NOTHING_SERVES)


def test_a_secret_without_a_type_serves_its_oci_url(ecr: Ecr, argo_cds: Mapping[str, ArgoCd]) -> None:
    argo_cd, url = argo_cds[REPOSITORIES], f"oci://{REGISTRY}/bare/demo"
    secret = make_repository("untyped", url=url, username="AWS", password=ecr_token.parse(ecr.issue_token()).password)
    secret["metadata"]["namespace"] = REPOSITORIES
    for key in ("type", "enableOCI"):
        del secret["stringData"][key]
    argo_cd.apply(secret)
    application = Application(argo_cd=argo_cd, name="untyped")

    application.create(**{**BY_OCI_URL, "repoURL": url})

    application.wait_until_healthy()


def make_repository(name: str, *, url: str, **credentials: str) -> dict[str, Any]:
    """A Secret of the user's own for a URL."""
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": WHOLE_REGISTRY, "labels": labels},
        "stringData": {"url": url, "name": name, "type": "helm", "enableOCI": "true", **credentials},
    }
