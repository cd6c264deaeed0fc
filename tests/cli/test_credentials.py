"""What every command says of AWS credentials that are missing, invalid or expired."""

import pytest

from tests.cli.command_line import CommandLine
from tests.servers.answers import refuse_as_sts
from tests.servers.server import Server, always
from tests.support.function import REGISTRY

WHICH = ["--cluster", "x", "--registry", REGISTRY]
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize("command", ["status", "doctor", "invoke"])
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ExpiredToken", "have expired (ExpiredToken)"),
        ("InvalidClientTokenId", "are not valid (InvalidClientTokenId)"),
        ("SignatureDoesNotMatch", "are not valid (SignatureDoesNotMatch)"),
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
    ("profile", "command"),
    [
        ("sso_start_url = https://a.example", "aws sso login --profile mine"),
        ("region = us-east-1", "aws sso login --profile mine or aws login --profile mine"),
    ],
)
def test_the_command_is_the_one_that_the_profile_is_made_for(profile: str, command: str, offline: CommandLine) -> None:
    """Its keys come first, and have expired."""
    keys = "aws_access_key_id = nobody\naws_secret_access_key = nothing\n"
    (offline.directory / "config").write_text(f"[profile mine]\n{profile}\n")
    (offline.directory / "credentials").write_text(f"[mine]\n{keys}")
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
