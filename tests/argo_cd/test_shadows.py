"""Which of several Secrets Argo CD uses, and which Applications a credential does not serve."""

from tests.argo_cd.application import Application
from tests.argo_cd.charts import BY_HOST, BY_PREFIX, PREFIX, TEMPLATE
from tests.argo_cd.ecr import ENDED, Ecr
from tests.argo_cd.programs import ArgoCd
from tests.local_cloud import ecr_token
from tests.support.function import REGISTRY, FunctionFactory
from tests.support.objects import Objects

# The words of helm where the registry asks for a password and Argo CD has none.
NOTHING_SERVES = "basic credential not found"


def test_an_older_secret_for_the_same_url_shadows_a_template(
    ecr: Ecr, argo_cd: ArgoCd, application: Application, make_function_with: FunctionFactory
) -> None:
    argo_cd.apply(make_repository(argo_cd, password=ecr_token.parse(ecr.issue_token()).password))
    ecr.end_tokens()
    results = make_function_with(TEMPLATE).run()
    assert all(result.verified for result in results), results

    application.create(**BY_PREFIX)
    application.wait_for("Unknown")
    application.wait_for_error(ENDED)

    Objects(admin=argo_cd.cluster.admin, namespace=argo_cd.namespace, name="theirs").delete("secrets")
    application.refresh()
    application.wait_for("Synced")


def test_an_older_secret_without_credentials_gets_those_of_the_template(
    argo_cd: ArgoCd, application: Application, make_function_with: FunctionFactory
) -> None:
    argo_cd.apply(make_repository(argo_cd))
    make_function_with(TEMPLATE).run()

    application.create(**BY_PREFIX)

    application.wait_for("Synced")


def test_a_repository_serves_no_url_below_its_own(
    application: Application, make_function_with: FunctionFactory
) -> None:
    make_function_with({"registry": REGISTRY}).run()

    application.create(**BY_PREFIX)

    application.wait_for("Unknown")
    application.wait_for_error(NOTHING_SERVES)


def test_a_repository_of_another_project_does_not_serve(
    application: Application, make_function_with: FunctionFactory
) -> None:
    make_function_with({"registry": REGISTRY, "project": "team"}).run()

    application.create(**BY_HOST)

    application.wait_for("Unknown")
    application.wait_for_error(NOTHING_SERVES)


def make_repository(argo_cd: ArgoCd, **credentials: str) -> dict[str, object]:
    """A Secret of the user's own for HOST/prefix."""
    user = {"username": "AWS"} if credentials else {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "theirs",
            "namespace": argo_cd.namespace,
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "stringData": {"url": PREFIX, "name": "theirs", "type": "helm", "enableOCI": "true", **user, **credentials},
    }
