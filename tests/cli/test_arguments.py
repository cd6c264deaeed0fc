"""What the command line may be told, and what it answers to anything else."""

import subprocess
from importlib.metadata import version

import pytest

from argo_ecr_auth_cli.terminal.arguments import parse_arguments
from tests.cli.command_line import COMMAND, ROOT, CommandLine
from tests.support.function import REGISTRY


@pytest.mark.parametrize(
    "arguments",
    [
        ["--ecr-registr", REGISTRY],
        ["--kube-config=elsewhere", f"--ecr-registry={REGISTRY}"],
        ["--sleep-between-checks=0", f"--ecr-registry={REGISTRY}"],
        ["--sleep-between-checks=1m", f"--ecr-registry={REGISTRY}"],
        ["--sleep-between-checks=99999999999999999999999", f"--ecr-registry={REGISTRY}"],
        ["--no-such-flag"],
        ["statu"],
        ["status", "--output=xml"],
        ["invoke", "--dryrun"],
        ["--once", "status"],
        ["which"],
        ["completion", "bash", "zsh"],
    ],
)
def test_a_wrong_argument_is_answered_with_usage_and_2(arguments: list[str], offline: CommandLine) -> None:
    done = offline.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: argo-ecr-auth")
    assert "argo-ecr-auth" in done.stderr.splitlines()[-1]
    assert "error: " in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["loop"], "--registry is missing"),
        (["--namespace", "argocd"], "--registry is missing"),
        (["--ecr-registry", "docker.io"], "not the host of an ECR registry"),
        (["--ecr-registry", REGISTRY, "--kube-config", "eks"], "--kube-config eks and --cluster go together"),
        (["--ecr-registry", REGISTRY, "--cluster", "x"], "--kube-config eks and --cluster go together"),
        (
            ["--ecr-registry", REGISTRY, "--kube-config", "eks", "--cluster", "x", "--aws-profile", "y"],
            "no AWS profile y",
        ),
        (["--ecr-registry", f"{REGISTRY}/Not A Prefix"], "--registry: "),
        (["status"], "there is no settings.yaml"),
        (["status", "--settings", "nowhere.yaml"], "there is no nowhere.yaml"),
        (["status", "--cluster", "x"], "--cluster and --registry go together"),
        (["status", "--cluster", "x", "--registry", "docker.io"], "not the host of an ECR registry"),
        (["status", "--cluster", "x", "--registry", REGISTRY, "y"], "no target is named y; did you mean x?"),
        (["invoke", "--cluster", "x", "--registry", REGISTRY, "y"], "no target is named y; did you mean x?"),
        (["rbac", "--cluster", "x", "--registry", REGISTRY, "--settings", "z"], "give one of them"),
        (["settings", "check"], "settings.yaml: give another FILE, or write one with argo-ecr-auth settings init"),
        (["doctor", "--cluster", "x", "--registry", REGISTRY, "--function-role", "mine"], "is not the ARN of a role"),
        (["which", REGISTRY, "--project", "x", "y"], "there is no settings.yaml"),
        (["which", "https://charts.example.com"], "URL: 'charts.example.com' is not the host of an ECR registry"),
        (["status", "--region", "eu west 1"], "'eu west 1' is not an AWS region"),
        (["status", "--region", "us-moon-1"], "'us-moon-1' is not an AWS region"),
        (["status", "--profile", "nope"], "there is no AWS profile nope; there are: none"),
    ],
)
def test_a_mistake_ends_with_2(arguments: list[str], told: str, offline: CommandLine) -> None:
    done = offline.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("argo-ecr-auth: ")
    assert told in done.stderr.splitlines()[-1]
    assert len(done.stderr.splitlines()) == 1 + ("has 1 error:" in done.stderr)


@pytest.mark.parametrize("arguments", [["rbac"], ["settings", "check"]])
def test_all_faults_of_the_settings_are_shown_at_once_with_their_places(
    arguments: list[str], offline: CommandLine
) -> None:
    """Of the deployment's keys too: they are those that the synth shows."""
    (offline.directory / "settings.yaml").write_text("targets: [{cluster: a b, regoin: x}]\ncheck_every: often\n")

    done = offline.run(*arguments)

    first, *faults = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert first == "argo-ecr-auth: settings.yaml has 4 errors:"
    assert {" ".join(fault.split()[1:3]) for fault in faults} == {
        "settings.yaml:1:12: targets[0].cluster:",
        "settings.yaml:1:26: targets[0].regoin:",
        "settings.yaml:1:11: targets[0].credentials:",
        "settings.yaml:2:1: check_every:",
    }


def test_all_faults_of_the_loops_flags_are_shown_at_once(offline: CommandLine) -> None:
    done = offline.run("--ecr-registry", REGISTRY, "--namespace", "No_Name", "--secret-name", "No Name")

    assert (done.returncode, done.stdout) == (2, "")
    for words in ("the command line has 2 errors", "--namespace: ", "--secret-name: "):
        assert words in done.stderr
    assert "^[a-z0-9]" not in done.stderr


def test_without_arguments_it_lists_its_commands(offline: CommandLine) -> None:
    done = offline.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == offline.run("--help").stdout


def test_the_version(offline: CommandLine) -> None:
    done = offline.run("--version")

    assert (done.returncode, done.stdout) == (0, f"argo-ecr-auth {version('argo-ecr-auth')}\n")


INSTALLATION = ["--cluster", "x", "--registry", REGISTRY]


@pytest.mark.parametrize(
    ("command", "environment", "told"),
    [
        (["status"], {"AWS_PROFILE": "nope"}, (2, "there is no AWS profile nope")),
        (
            ["doctor"],
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            (3, "set AWS_PROFILE, run aws configure"),
        ),
        (
            ["which", REGISTRY],
            {"AWS_SECRET_ACCESS_KEY": ""},
            (3, "AWS_SECRET_ACCESS_KEY is not set, the other key is (in env)"),
        ),
    ],
)
def test_missing_credentials_are_shown_with_what_to_do(
    command: list[str], environment: dict[str, str], told: tuple[int, str], offline: CommandLine
) -> None:
    done = offline.run(*command, *INSTALLATION, **environment)

    assert (done.returncode, done.stdout) == (told[0], "")
    assert told[1] in done.stderr
    assert "Traceback" not in done.stderr
    assert "please report" not in done.stderr


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("credential_process = false", "what provides them failed (custom-process)"),
        (
            "sso_start_url = https://a.example\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = a",
            "sso login",
        ),
    ],
)
def test_a_profile_that_gives_no_credentials(profile: str, told: str, offline: CommandLine) -> None:
    (offline.directory / "config").write_text(f"[profile mine]\n{profile}\n")
    files = {"AWS_CONFIG_FILE": "config", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    done = offline.run("status", *INSTALLATION, "--profile", "mine", **files)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert told in done.stderr


@pytest.mark.parametrize(
    ("output", "words"), [(">&-", "standard output is closed"), (">/dev/full", "No space left")], ids=["closed", "full"]
)
def test_an_output_that_cannot_be_written_is_an_error(output: str, words: str, offline: CommandLine) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {output}', "sh", *COMMAND, "rbac", *INSTALLATION],
        cwd=offline.directory,
        env=dict(offline.environment),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )

    assert (done.returncode, words in done.stderr) == (3, True)
    assert "Traceback" not in done.stderr
    assert output != ">&-" or done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["which", REGISTRY, "--project", "x", "y"], ["invoke", "x", "--dry-run", "y", "--force"]]
)
def test_targets_may_follow_an_option(arguments: list[str]) -> None:
    options = parse_arguments(arguments)

    assert options.targets[-1] == "y"


def test_help_can_be_learned_from(offline: CommandLine) -> None:
    commands = ["status", "doctor", "which", "rbac", "invoke", "loop", "completion"]
    settings = ["settings", "settings check", "settings init"]
    texts = {name: offline.run(*name.split(), "--help") for name in ("", *commands, *settings)}

    assert {done.returncode for done in texts.values()} == {0}
    assert [name for name, done in texts.items() if "examples:" not in done.stdout] == []
    assert [line for done in texts.values() for line in done.stdout.splitlines() if len(line) > 80] == []
    assert "exit codes:" in texts[""].stdout
    assert "(default: 120)" in texts["loop"].stdout, "it sleeps as the original does"


@pytest.mark.parametrize("arguments", [["rbac", "-o", "json"], ["settings", "check"]])
def test_the_example_settings_are_read_without_the_packages_of_cdk_and_aws(
    arguments: list[str], offline: CommandLine
) -> None:
    (offline.directory / "settings.yaml").write_text((ROOT / "settings.example.yaml").read_text())
    done = offline.run_python(
        f"import sys; from argo_ecr_auth_cli.__main__ import main; code = main({arguments}); "
        "others = {'argo_ecr_auth_cdk', 'aws_cdk', 'boto3', 'botocore', 'kubernetes'}; "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        "sys.exit(code or ', '.join(loaded & others) or None)"
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_missing_extra_is_named(offline: CommandLine) -> None:
    """As where the package is installed without it."""
    (offline.directory / "yaml.py").write_text("raise ModuleNotFoundError('no', name='yaml')")

    done = offline.run("rbac", PYTHONPATH=f"{offline.directory}:{offline.environment['PYTHONPATH']}")

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'argo-ecr-auth[cli]'" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(offline: CommandLine) -> None:
    assert offline.run_unread("rbac", "--cluster", "x", "--registry", REGISTRY) == (0, b"")
