"""What every command says of AWS credentials that are missing, invalid or expired."""

import pytest

from tests.cli.command_line import CommandLine
from tests.local_cloud.environment import CLOSED_PROXY
from tests.servers.answers import refuse_as_sts
from tests.servers.server import Answer, Server, always
from tests.support.function import REGISTRY

WHICH = ["--cluster", "x", "--registry", REGISTRY]
EITHER = "aws sso login --profile {0} or aws login --profile {0}"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("status", "ExpiredToken", "have expired (ExpiredToken)"),
        ("doctor", "InvalidClientTokenId", "are not valid (InvalidClientTokenId)"),
        ("invoke", "SignatureDoesNotMatch", "are not valid (SignatureDoesNotMatch)"),
    ],
)
def test_credentials_that_aws_refuses_are_named_with_the_command_that_renews_them(
    command: str, code: str, told: str, offline: CommandLine
) -> None:
    with Server(always(refuse_as_sts(code)), tls=False) as sts:
        done = offline.run(command, *WHICH, AWS_ENDPOINT_URL_STS=sts.url)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert f"your AWS credentials {told}: replace AWS_ACCESS_KEY_ID" in done.stderr
    assert "aws sso login or aws login" in done.stderr
    assert "enable the region" not in done.stderr


@pytest.mark.parametrize(
    ("profiles", "command"),
    [
        ({"mine": "sso_start_url = https://a.example"}, "aws sso login --profile mine"),
        ({"mine": "region = us-east-1"}, EITHER.format("mine")),
        ({"mine": "source_profile = base", "base": "sso_session = s"}, "aws sso login --profile base"),
        (
            {"mine": "source_profile = middle", "middle": "source_profile = base", "base": "login_session = x"},
            "aws login --profile base",
        ),
        ({"mine": "source_profile = mine\nlogin_session = x"}, "aws login --profile mine"),
        ({"mine": "source_profile = other", "other": "source_profile = mine"}, EITHER.format("other")),
    ],
)
def test_the_command_is_the_one_for_the_profile_at_the_end_of_the_chain(
    profiles: dict[str, str], command: str, offline: CommandLine
) -> None:
    """Its keys come first, and have expired."""
    config = "".join(f"[profile {name}]\n{keys}\n" for name, keys in profiles.items())
    (offline.directory / "config").write_text(config)
    (offline.directory / "credentials").write_text("[mine]\naws_access_key_id = a\naws_secret_access_key = b\n")
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials", **NO_KEYS}

    with Server(always(refuse_as_sts("ExpiredToken")), tls=False) as sts:
        done = offline.run("status", *WHICH, "--profile", "mine", AWS_ENDPOINT_URL_STS=sts.url, **files)

    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.rstrip().endswith(f"run {command}")


def test_a_profile_of_aws_login_names_the_package_that_it_needs(offline: CommandLine) -> None:
    """As where the package is not installed."""
    (offline.directory / "config").write_text("[profile mine]\nlogin_session = arn:aws:iam::000000000000:user/me\n")
    (offline.directory / "awscrt").mkdir()
    (offline.directory / "awscrt" / "__init__.py").write_text("raise ImportError")

    python_path = f"{offline.directory}:{offline.environment['PYTHONPATH']}"
    files = {"AWS_CONFIG_FILE": "config", "PYTHONPATH": python_path, **NO_KEYS}
    done = offline.run("status", *WHICH, "--profile", "mine", **files)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "pip install 'botocore[crt]'" in done.stderr


@pytest.mark.parametrize("command", ["status", "doctor", "invoke"])
@pytest.mark.parametrize(
    ("status", "body"), [(403, b""), (403, b"blocked by policy"), (403, b"<html><body>no</body></html>"), (200, b"{}")]
)
def test_an_answer_that_is_not_of_aws_is_explained(
    command: str, status: int, body: bytes, offline: CommandLine
) -> None:
    with Server(lambda _: Answer(status=status, body=body), tls=False) as proxy:
        done = offline.run(command, *WHICH, AWS_ENDPOINT_URL=proxy.url, AWS_MAX_ATTEMPTS="1")

    assert done.returncode == 3
    assert "unexpected" not in done.stderr + done.stdout
    assert "a proxy or a VPC endpoint may respond in its place" in done.stderr + done.stdout


@pytest.mark.parametrize("command", ["status", "doctor", "invoke"])
def test_a_shell_of_a_local_cloud_that_is_down_is_explained(command: str, offline: CommandLine) -> None:
    done = offline.run(command, *WHICH, AWS_ENDPOINT_URL=CLOSED_PROXY)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "this shell points at a local cloud that is down: start it with make up, or open a new shell" in done.stderr
