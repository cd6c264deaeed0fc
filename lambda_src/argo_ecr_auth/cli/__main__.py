"""`argo-ecr-auth`, also as `python -m argo_ecr_auth.cli`."""

import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from argo_ecr_auth.cli.arguments import parse
from argo_ecr_auth.cli.exits import UNSEEN, USAGE, CommandError, Stopped, stop_on_signals
from argo_ecr_auth.cli.output import complain

_EXTRA = ("rich", "yaml")


def main(arguments: Sequence[str]) -> int:
    """Run a command; its exit code. Raises SystemExit where argparse has said all that there is to say."""
    try:
        stop_on_signals()
        options = parse(arguments)
        # Each command's imports are its own: help and wrong flags are answered at once.
        code: int = import_module(f"argo_ecr_auth.cli.{options.command or 'original'}").run(options)
    except CommandError as error:
        complain(str(error))
        return error.code
    except Stopped as stopped:
        return 128 + stopped.number
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _EXTRA:
            raise
        complain(f"{error.name} is not installed: pip install 'argo-ecr-auth[cli]'")
        return USAGE
    except BrokenPipeError:
        # Whoever read the output has seen enough (`| head`); the interpreter must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNSEEN
    except Exception as error:  # noqa: BLE001 - a traceback's words might hold what no terminal should show
        complain(_last_words(error))
        return UNSEEN
    return code


def entry() -> NoReturn:
    """The console script. Ends at once, even where threads are still in a call that does not come back."""
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.stderr.flush()
    if threading.active_count() > 1:
        os._exit(code)
    sys.exit(code)


def _last_words(error: Exception) -> str:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - not for --help

    from argo_ecr_auth.errors import SyncError  # noqa: PLC0415
    from argo_ecr_auth.sessions import aws_error  # noqa: PLC0415
    from argo_ecr_auth.sync import unexpected  # noqa: PLC0415

    if isinstance(error, SyncError):
        return str(error)
    if isinstance(error, ClientError | BotoCoreError):
        return str(aws_error(error, asked="AWS"))
    return unexpected(error)


if __name__ == "__main__":
    entry()
