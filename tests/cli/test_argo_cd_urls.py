"""`which` and `doctor` find the Secret for a URL that Argo CD's own code finds (`argo_cd_urls.json`)."""

from argo_ecr_auth_cli.doctor.argo_cd_secrets import find_serving, read_argo_cd_secret
from tests.cli.argo_cd_urls import make_secrets, read_table


def test_odd_urls_are_served_as_argo_cd_does() -> None:
    table = read_table()
    differences = []
    for case in table["cases"]:
        secrets = [read_argo_cd_secret(secret) for secret in make_secrets(case)]
        for url in table["urls"]:
            found = [secret.name for secret in find_serving(secrets, url, project=case["project"])]
            expected = [case["served"][url]] if url in case["served"] else []
            if found != expected:
                differences.append((case["secrets"], case["project"], url, found, expected))

    assert differences == []
