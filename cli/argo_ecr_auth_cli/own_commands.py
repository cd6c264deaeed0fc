"""Formats commands of this program for remedies, so that they can be copied."""

import argparse
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from argo_ecr_auth_cli.installation import format_shared_options

_NAME = "argo-ecr-auth"


@dataclass(frozen=True, kw_only=True)
class OwnCommands:
    """How to call this program again, for the same installation and with the same permissions."""

    program: str = _NAME
    options: str = ""

    def format(self, name: str, *targets: str) -> str:
        return " ".join((self.program, name, *targets)) + self.options


def make_own_commands(options: argparse.Namespace) -> OwnCommands:
    """The commands that fit the options of this one."""
    return OwnCommands(program=find_program(sys.argv[0]), options=format_shared_options(options))


def find_program(called: str) -> str:
    """The program as it was called, or its name if the shell finds it by that."""
    if Path(called).name != _NAME:  # python -m
        return _NAME
    found = shutil.which(_NAME)
    return _NAME if found and Path(found).resolve() == Path(called).resolve() else shlex.quote(called)
