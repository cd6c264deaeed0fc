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
    LOOP,
    SETTINGS,
    SETTINGS_CHECK,
    SETTINGS_DISCOVER,
    SETTINGS_INIT,
    Command,
)

_ORIGINAL_NAMES = {"aws-profile": "profile", "aws-region": "region", "ecr-registry": "registry"}
"""Names of the original tool's flags, by which only the loop knows these options."""
_ORIGINAL_FLAGS = {*_ORIGINAL_NAMES, "kube-config", "namespace", "secret-name", "sleep-between-checks"}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments of a command; the original tool's flags without a command are those of `loop`.

    Raises SystemExit: with 0 for help, with 2 for a mistake, after usage on standard error.
    """
    parser = make_parser()
    if not arguments:
        parser.print_help()
        parser.exit()
    if arguments[0].startswith("-") and any(_name_flag(argument) in _ORIGINAL_FLAGS for argument in arguments):
        arguments = ["loop", *arguments]
    if arguments[0] == "loop":
        arguments = [_double_dash(argument) for argument in arguments]
    options, rest = parser.parse_known_args(arguments)
    if rest and hasattr(options, "targets") and not any(argument.startswith("-") for argument in rest):
        options.targets += rest  # in `which URL --project NAME TARGET` argparse reads no TARGET after the option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    elif options.command is None:
        parser.error("a command is missing (see --help)")
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
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, words in INSTALLATION_COMMANDS.items():
        _add_installation_options(_add_command(commands, name, words), name)
    actions = _add_command(commands, "settings", SETTINGS).add_subparsers(
        dest="action", metavar="ACTION", title="actions", required=True
    )
    _add_settings_check(_add_command(actions, "check", SETTINGS_CHECK))
    _add_settings_init(_add_command(actions, "init", SETTINGS_INIT))
    _add_loop(_add_command(commands, "loop", LOOP))
    _add_settings_discover(_add_command(actions, "discover", SETTINGS_DISCOVER))
    _add_command(commands, "completion", COMPLETION).add_argument("shell", choices=("bash", "zsh", "fish"))
    return parser


_YEAR = 31_536_000


def _name_flag(argument: str) -> str:
    """The original tool's users write its flags with one dash, as Go allows."""
    return re.sub("^--?", "", argument).partition("=")[0] if argument.startswith("-") else ""


def _double_dash(argument: str) -> str:
    single = argument.startswith("-") and not argument.startswith("--")
    return f"-{argument}" if single and _name_flag(argument) in _ORIGINAL_FLAGS else argument


def _add_loop(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--registry", metavar="HOST", default="", help="the registry to log in to; required")
    add("--namespace", default="", help="of the Secret (default: argocd)")
    add("--secret-name", metavar="NAME", default="", help="of the Secret and its ConfigMap (default: ecr-auth)")
    add(
        "--kube-config",
        choices=("in-cluster", "local", "eks"),
        default="in-cluster",
        help="how to reach the cluster (default: in-cluster)",
    )
    add("--cluster", metavar="NAME", help="with --kube-config eks")
    add("--profile", metavar="NAME", help="a profile of ~/.aws (default: none; the usual search for credentials)")
    add("--region", help="the region of --cluster (default: the registry's region, which the token is always for)")
    add(
        "--sleep-between-checks",
        type=_parse_seconds,
        metavar="SECONDS",
        default=120,  # the original's (main.go)
        help="between two checks (default: 120)",
    )
    add("--once", action="store_true", help="stop after one pass")
    add("-o", "--output", choices=("text", "json"), default="text", help="of its lines (default: text)")
    for original, name in _ORIGINAL_NAMES.items():
        add(f"--{original}", dest=name, default=argparse.SUPPRESS, help=argparse.SUPPRESS)


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
        parser.add_argument("--context", metavar="NAME", help="connect to the cluster with this kubeconfig context")
        parser.add_argument("--kubeconfig", metavar="FILE", help="the kubeconfig, with or without --context")
    if name == "doctor":
        parser.add_argument("--function-role", metavar="ARN", help="instead of the one in the stack's outputs")
    if name == "which":
        parser.add_argument("--project", metavar="NAME", help="the Application's project (default: none)")
    if name == "invoke":
        parser.add_argument("--function-name", help="instead of the one in the stack's outputs")
        parser.add_argument("--dry-run", action="store_true", help="show what a run would do; write nothing")
        parser.add_argument("--force", action="store_true", help="renew even if nothing is due")


def _add_file(parser: argparse.ArgumentParser, what: str) -> None:
    file = "settings.yaml"
    parser.add_argument("file", nargs="?", default=file, metavar="FILE", help=f"{what} (default: {file})")


def _add_settings_check(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "the settings")
    parser.add_argument("--account", help="of the function: compares the targets' accounts with it")
    parser.add_argument("--region", help="of the function: compares regions and partitions with it")


def _add_settings_init(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "what to write")
    parser.add_argument(
        "--cluster", dest="clusters", action="append", required=True, metavar="NAME", help="an EKS cluster; repeatable"
    )
    parser.add_argument("--registry", required=True, metavar="HOST", help="the host of the ECR registry")


def _add_settings_discover(parser: argparse.ArgumentParser) -> None:
    _add_file(parser, "the settings")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--account",
        dest="accounts",
        action="append",
        metavar="ID",
        help="to search; repeatable (default: those that the profiles allow)",
    )
    where.add_argument("--organization", action="store_true", help="search all active accounts of your organization")
    parser.add_argument(
        "--region",
        dest="regions",
        action="append",
        metavar="REGION",
        help="to search; repeatable (default: as for --account)",
    )
    parser.add_argument("--role", metavar="NAME", help="a role to assume in each account but yours")
    parser.add_argument("--external-id", metavar="ID", help="what the role's trust policy requires")
    parser.add_argument("--profile", metavar="NAME", help="a profile of ~/.aws")
    then = parser.add_mutually_exclusive_group()
    then.add_argument("--write", action="store_true", help="write the changes into the clusters file")
    then.add_argument("--check", action="store_true", help="exit with 1 if there are changes")
    parser.add_argument("--allow-removals", action="store_true", help="write even if more than a tenth is removed")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="(default: text)")


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
