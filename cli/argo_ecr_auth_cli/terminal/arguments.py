"""What the command line may be told. Importing it costs next to nothing: help comes at once."""

import argparse
import re
from collections.abc import Sequence

from argo_ecr_auth_cli.terminal.help_text import COMMANDS, DESCRIPTION, EPILOG

ORIGINAL_FLAGS = ("aws-profile", "aws-region", "ecr-registry", "kube-config", "namespace", "secret-name")
"""The original tool's flags; with `sleep-between-checks` there are seven."""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments; `command` is None for the loop. Options that were not given are not there, if they are its own.

    Raises SystemExit: for help with 0, for anything wrong with 2, after usage on standard error.
    """
    parser = _parser()
    options = parser.parse_args([_double_dash(argument) for argument in arguments])
    strange = vars(options).keys() & _LOOP if options.command else set()
    if strange:
        flags = ", ".join(sorted(f"--{name.removeprefix('loop_').replace('_', '-')}" for name in strange))
        parser.error(f"{flags} not before {options.command}: for the loop, which has no command")
    return options


_YEAR = 31_536_000
_LOOP = {
    *(name.replace("-", "_") for name in ORIGINAL_FLAGS),
    "sleep_between_checks",
    "once",
    "loop_cluster",
    "loop_output",
}


def _double_dash(argument: str) -> str:
    """Go's flags may have one dash, and the original's users write them so."""
    name = argument.removeprefix("-").partition("=")[0]
    return (
        f"-{argument}" if name in {*ORIGINAL_FLAGS, "sleep-between-checks"} and argument.startswith("-") else argument
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="argo-ecr-auth",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_loop(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, words in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=words.brief,
            description=words.description,
            epilog=f"examples:\n{words.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        _add_common(command)
        if name != "status":
            what = "its Kubernetes group" if name == "rbac" else "its stack"
            command.add_argument("--installation", help=f"{what} (default: the settings' name, argo-ecr-auth)")
        if name == "doctor":
            command.add_argument("--function-role", metavar="ARN", help="instead of the one that the stack names")
        if name == "invoke":
            command.add_argument("--function-name", help="instead of the one that the stack names")
            command.add_argument("--dry-run", action="store_true", help="say what would be done; write nothing")
            command.add_argument("--force", action="store_true", help="renew although nothing is due")
    return parser


def _add_loop(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the loop, as in the original tool")

    def add(flag: str, **described: object) -> None:
        group.add_argument(flag, default=argparse.SUPPRESS, **described)  # type: ignore[arg-type]

    add("--aws-profile", metavar="NAME", help="a profile of ~/.aws (default: none; the usual search for credentials)")
    add("--aws-region", metavar="REGION", help="of --cluster (default: the registry's, which also decides the token's)")
    add("--ecr-registry", metavar="HOST", help="the registry to log in to; needed")
    add("--kube-config", choices=("in-cluster", "local", "eks"), help="the way to the cluster (default: in-cluster)")
    add("--namespace", help="of the Secret (default: argocd)")
    add("--secret-name", metavar="NAME", help="of the Secret and its ConfigMap (default: ecr-auth)")
    add("--sleep-between-checks", type=_parse_seconds, metavar="SECONDS", help="between two looks (default: 20)")
    more = parser.add_argument_group("the loop, beyond the original")
    more.add_argument("--once", action="store_true", default=argparse.SUPPRESS, help="end after one pass")
    more.add_argument(
        "--cluster", dest="loop_cluster", metavar="NAME", default=argparse.SUPPRESS, help="with --kube-config eks"
    )
    more.add_argument(
        "-o", "--output", dest="loop_output", choices=("text", "json"), default=argparse.SUPPRESS, help="of its lines"
    )


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="by name (default: all of the settings)")
    parser.add_argument("--settings", metavar="FILE", help="as for the deployment (default: settings.yaml)")
    parser.add_argument("--cluster", metavar="NAME", help="with --registry: one of each, instead of a settings file")
    parser.add_argument("--registry", metavar="HOST", help="with --cluster")
    parser.add_argument("--profile", metavar="NAME", help="a profile of ~/.aws")
    parser.add_argument("--region", help="where the function is, and targets that name no region (default: yours)")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="(default: table)")


def _parse_seconds(text: str) -> int:
    if not re.fullmatch("[0-9]{1,8}", text) or not 1 <= int(text) <= _YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1 to {_YEAR} (a year)")
    return int(text)
