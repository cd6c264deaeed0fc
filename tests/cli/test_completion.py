"""The scripts that let a shell complete the command line, in a real bash; zsh and fish are not on every machine."""

import subprocess

import pytest

from tests.cli.command_line import CommandLine

_COMPLETE = """
source /dev/stdin
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_shtab_argo_ecr_auth
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["st"], ["status"]),
        (["settings", ""], ["check", "init", "discover"]),
        (["doctor", "--function"], ["--function-role"]),
        (["which", "--proj"], ["--project"]),
        (["status", "-o", ""], ["table", "json"]),
        (["status", "--settings", "se"], ["settings.yaml"]),
        (["settings", "check", "se"], ["settings.yaml"]),
    ],
)
def test_bash_completes_commands_options_and_files(
    words: list[str], completed: list[str], offline: CommandLine
) -> None:
    (offline.directory / "settings.yaml").touch()
    script = offline.run("completion", "bash").stdout

    done = subprocess.run(
        ["bash", "-c", _COMPLETE, "bash", "argo-ecr-auth", *words],
        cwd=offline.directory,
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == completed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_names_every_command(shell: str, offline: CommandLine) -> None:
    done = offline.run("completion", shell)

    assert (done.returncode, done.stderr) == (0, "")
    missing = [name for name in ("status", "doctor", "which", "rbac", "invoke", "settings") if name not in done.stdout]
    assert missing == []
