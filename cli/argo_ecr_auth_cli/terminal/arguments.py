"""Parses the command line's arguments. Its imports are few, so that help comes at once."""

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from argo_ecr_auth_cli.terminal.help_text import (
    COMPLETION,
    DESCRIPTION,
    EPILOG,
    INSTALLATION_COMMANDS,
    SETTINGS,
    SETTINGS_CHECK,
    SETTINGS_INIT,
    Command,
)

ORIGINAL_FLAGS = ("aws-profile", "aws-region", "ecr-registry", "kube-config", "namespace", "secret-name")
"""The original tool's flags; with `sleep-between-checks` there are seven."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments; `command` is None for the loop, and the loop's options that were not given are absent.

    Raises SystemExit: with 0 for help, with 2 for a mistake, after usage on standard error.
    """
    parser = make_parser()
    options, rest = parser.parse_known_args([_double_dash(argument) for argument in arguments])
    if rest and hasattr(options, "targets") and not any(argument.startswith("-") for argument in rest):
        options.targets += rest  # in `which URL --project NAME TARGET` argparse reads no TARGET after the option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    strange = vars(options).keys() & _LOOP if options.command else set()
    if strange:
        flags = ", ".join(sorted(f"--{name.removeprefix('loop_').replace('_', '-')}" for name in strange))
        parser.error(f"{flags} cannot be used with {options.command}: only the loop has it")
    return options


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="argo-ecr-auth",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version and exit")
    _add_loop(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, words in INSTALLATION_COMMANDS.items():
        _add_installation_options(_add_command(commands, name, words), name)
    actions = _add_command(commands, "settings", SETTINGS).add_subparsers(
        dest="action", metavar="ACTION", title="actions", required=True
    )
    _add_settings_check(_add_command(actions, "check", SETTINGS_CHECK))
    _add_settings_init(_add_command(actions, "init", SETTINGS_INIT))
    _add_command(commands, "completion", COMPLETION).add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


_YEAR = 31_536_000
_LOOP = {
    *(name.replace("-", "_") for name in ORIGINAL_FLAGS),
    "sleep_between_checks",
    "once",
    "loop_cluster",
    "loop_output",
}


def _double_dash(argument: str) -> str:
    """The original tool's users write its flags with one dash, as Go allows."""
    name = argument.removeprefix("-").partition("=")[0]
    return (
        f"-{argument}" if name in {*ORIGINAL_FLAGS, "sleep-between-checks"} and argument.startswith("-") else argument
    )


def _add_loop(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the loop, as in the original tool")

    def add(flag: str, **described: object) -> None:
        group.add_argument(flag, default=argparse.SUPPRESS, **described)  # type: ignore[arg-type]

    add("--aws-profile", metavar="NAME", help="a profile of ~/.aws (default: none; the usual search for credentials)")
    add("--aws-region", metavar="REGION", help="of --cluster (default: the registry's, which also decides the token's)")
    add("--ecr-registry", metavar="HOST", help="the registry to log in to; required")
    add("--kube-config", choices=("in-cluster", "local", "eks"), help="how to reach the cluster (default: in-cluster)")
    add("--namespace", help="of the Secret (default: argocd)")
    add("--secret-name", metavar="NAME", help="of the Secret and its ConfigMap (default: ecr-auth)")
    add("--sleep-between-checks", type=_parse_seconds, metavar="SECONDS", help="between two checks (default: 120)")
    more = parser.add_argument_group("the loop, beyond the original")
    more.add_argument("--once", action="store_true", default=argparse.SUPPRESS, help="stop after one pass")
    more.add_argument(
        "--cluster", dest="loop_cluster", metavar="NAME", default=argparse.SUPPRESS, help="with --kube-config eks"
    )
    more.add_argument(
        "-o",
        "--output",
        dest="loop_output",
        choices=("text", "json"),
        default=argparse.SUPPRESS,
        help="of its lines (default: text)",
    )


def _add_command(commands: Any, name: str, words: Command) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=words.brief,
        description=words.description,
        epilog=f"examples:\n{words.examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    return parser


def _add_installation_options(parser: argparse.ArgumentParser, name: str) -> None:
    if name == "which":
        parser.add_argument("url", metavar="URL", help="the Application's repoURL")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="by name (default: all in the settings)")
    parser.add_argument("--settings", metavar="FILE", help="the deployment's settings (default: settings.yaml)")
    parser.add_argument("--cluster", metavar="NAME", help="with --registry: one of each, instead of a settings file")
    parser.add_argument("--registry", metavar="HOST", help="with --cluster")
    parser.add_argument("--profile", metavar="NAME", help="a profile of ~/.aws")
    parser.add_argument("--region", help="of the function, and of targets that name none (default: yours)")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="(default: table)")
    if name != "which":
        what = "Kubernetes group" if name == "rbac" else "stack"
        parser.add_argument(
            "--installation", help=f"name of the {what} (default: `installation` of the settings, else argo-ecr-auth)"
        )
    if name in {"status", "doctor", "which"}:
        parser.add_argument("--context", metavar="NAME", help="look into the cluster by this context of a kubeconfig")
        parser.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig, with or without --context")
    if name == "doctor":
        parser.add_argument("--function-role", metavar="ARN", help="instead of the one in the stack's outputs")
    if name == "which":
        parser.add_argument("--project", metavar="NAME", help="the Application's project (default: none)")
    if name == "invoke":
        parser.add_argument("--function-name", help="instead of the one in the stack's outputs")
        parser.add_argument("--dry-run", action="store_true", help="show what a run would do; write nothing")
        parser.add_argument("--force", action="store_true", help="renew even if nothing is due")


def _add_settings_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", default="settings.yaml", metavar="FILE", help="the settings (default: settings.yaml)"
    )
    parser.add_argument("--account", help="of the function: compares the targets' accounts with it")
    parser.add_argument("--region", help="of the function: compares regions and partitions with it")


def _add_settings_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", default="settings.yaml", metavar="FILE", help="what to write (default: settings.yaml)"
    )
    parser.add_argument(
        "--cluster", dest="clusters", action="append", required=True, metavar="NAME", help="an EKS cluster; repeatable"
    )
    parser.add_argument("--registry", required=True, metavar="HOST", help="the host of the ECR registry")


class _PrintVersion(argparse.Action):
    """Looks the version up only if it is asked for: that costs as much as all the rest of --help."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"argo-ecr-auth {version('argo-ecr-auth')}\n")
        parser.exit()


def _parse_seconds(text: str) -> int:
    if not re.fullmatch("[0-9]{1,8}", text) or not 1 <= int(text) <= _YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to {_YEAR} (a year)")
    return int(text)
