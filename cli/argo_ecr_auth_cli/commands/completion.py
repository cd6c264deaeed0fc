"""Prints what lets a shell complete the command line."""

import argparse
import sys

import shtab

from argo_ecr_auth_cli.terminal.arguments import make_parser
from argo_ecr_auth_cli.terminal.exits import OK
from argo_ecr_auth_cli.terminal.output import tolerate_closed_pipe


def run(options: argparse.Namespace) -> int:
    """Print the script of the options' shell."""
    parser = make_parser()
    _prepare(parser)
    with tolerate_closed_pipe():
        sys.stdout.write(shtab.complete(parser, shell=options.shell))
    return OK


def _prepare(parser: argparse.ArgumentParser) -> None:
    """Add what shtab looks for: which values are files, and one line of description for each command."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for listed in action._choices_actions:  # noqa: SLF001 - as above
                command = action.choices[listed.dest]
                command.description = listed.help
                _prepare(command)
