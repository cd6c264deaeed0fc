"""The console script `argo-ecr-auth`, also `python -m argo_ecr_auth_cli`."""

import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from argo_ecr_auth.deadlines import install_time_limits
from argo_ecr_auth_cli.terminal.arguments import parse_arguments
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, USAGE, CommandError, Stopped, stop_on_signals
from argo_ecr_auth_cli.terminal.output import discard_output, print_error

_EXTRA = ("jsonschema", "rich", "shtab", "yaml")


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code. Raises SystemExit for help and wrong arguments."""
    try:
        stop_on_signals()
        if sys.stdout is None:  # the shell's >&-
            raise CommandError("standard output is closed", code=UNKNOWN)  # noqa: TRY301
        options = parse_arguments(arguments)
        install_time_limits()
        # Only the command's own imports, so that help and wrong flags are answered at once.
        code: int = import_module(f"argo_ecr_auth_cli.commands.{options.command}").run(options)
    except CommandError as error:
        print_error(str(error))
        return error.code
    except Stopped as stopped:
        return 128 + stopped.number
    except ModuleNotFoundError as error:
        return _explain_missing_module(error)
    except BrokenPipeError:
        discard_output()  # the loop ends too: nobody reads its output
        return UNKNOWN
    except Exception as error:  # noqa: BLE001 - a traceback might show a secret
        print_error(_explain_error(error))
        return UNKNOWN
    return code


def entry() -> NoReturn:
    """The console script. Ends at once, even if threads are still in a call that does not return."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the end of the process
    code = main(sys.argv[1:])
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError as error:
            discard_output()
            if not isinstance(error, BrokenPipeError):
                print_error(f"cannot write the output: {error.strerror}")
                code = UNKNOWN
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)


def _explain_missing_module(error: ModuleNotFoundError) -> int:
    name = (error.name or "a module").partition(".")[0]
    if name in _EXTRA:
        print_error(f"{name} is not installed: pip install 'argo-ecr-auth[cli]'")
        return USAGE
    print_error(f"{name} is not installed, and something here needs it (a proxy of the kind socks5:// needs PySocks)")
    return UNKNOWN


def _explain_error(error: Exception) -> str:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - not for --help

    from argo_ecr_auth.core.errors import SyncError  # noqa: PLC0415
    from argo_ecr_auth.credential import describe_unexpected  # noqa: PLC0415
    from argo_ecr_auth_cli.messages import OPERATOR, explain_aws_error  # noqa: PLC0415

    if isinstance(error, SyncError):
        return OPERATOR.explain(error)
    if isinstance(error, ClientError | BotoCoreError):
        return explain_aws_error(error, doing="call AWS")
    if isinstance(error, OSError) and error.filename is None and error.errno:
        return f"cannot go on: {error.strerror}"
    return describe_unexpected(error)


if __name__ == "__main__":
    entry()
