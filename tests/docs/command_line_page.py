"""Writes docs/command-line.md from the command line's own parsers."""

import argparse
from collections.abc import Iterator

from argo_ecr_auth_cli.terminal.arguments import make_parser
from argo_ecr_auth_cli.terminal.help_text import INSTALLATION_COMMANDS

_HEAD = """<!-- Written by `make docs` from the parsers. -->
# Command line

After `make setup` it is `.venv/bin/argo-ecr-auth`; elsewhere `pip install 'argo-ecr-auth[cli]'`. `argo-ecr-auth COMMAND
--help` prints what this page says.

The commands read the `settings.yaml` of the deployment, or take `--cluster NAME --registry HOST` for one of each; `-o
json` is for programs. They use your own AWS permissions and your own access to the clusters; only the function uses a target's
`role_arn`. `status` and `doctor` see the EKS clusters of your credentials' account only, and show others as `not
checked`: use `--profile` for those. `rbac` gives a pipe one cluster at a time. With `doctor --function-role` and no stack
of that name, whether the function runs is `not checked`.

| exit code | |
|---|---|
| 0 | all is well |
| 1 | something is wrong: a credential failed, less than a third of `renew_before` is left of its token, or the function crashes or does not run by itself |
| 2 | a wrong flag, target or settings file |
| 3 | something could not be checked (no permissions, no connection, no valid credentials) |

## What doctor needs

`eks:Describe*` and `eks:List*`, `cloudformation:DescribeStacks` and `ListStackResources`, `scheduler:GetSchedule`,
`cloudwatch:GetMetricStatistics`, `iam:GetRole`; and in the clusters the right to get namespaces, Roles and RoleBindings, to
get and list Secrets and ConfigMaps (to list ConfigMaps in all namespaces), and to list Applications. An access entry with
AmazonEKSAdminViewPolicy has these; without an entry, `--context NAME` or `--kubeconfig FILE` looks as kubectl does. What it
may not ask, it reports as not checked. [Operations](operations.md#findings-of-doctor) lists what it finds. With
`logs:FilterLogEvents`, `status` shows when a registry last accepted each token, and whether the last run failed; without
it, `status` says that this is not checked. `which` needs `eks:DescribeCluster`, and
in the clusters the right to list Secrets.
"""
_AWS_CLI = """
## Invoke the function with the AWS CLI

The stack's output `InvokeCommand` is this command, which needs version 2 of the AWS CLI. The output `LogsCommand` shows
what the runs logged.

```bash title="AWS"
aws lambda invoke --region eu-west-1 --function-name argo-ecr-auth-... \\
  --cli-binary-format raw-in-base64-out --cli-read-timeout 0 --payload '{}' /dev/stdout
```

The answer has one entry for each Secret:

```json
{"results": [{"target": "my-cluster", "secret": "argocd/ecr-auth",
              "registry": "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
              "action": "created", "reason": "there is no Secret and no ConfigMap",
              "expires_at": "2026-11-24T10:50:38Z", "seconds_to_expiry": 43199,
              "verified": true, "error": null, "error_type": null}]}
```

`action` is `created`, `renewed`, `repaired`, `fresh` (nothing was due) or `failed`. If any failed, the others are
still processed, the answer has `FunctionError`, and the results are in `errorMessage`. `error_type` is the class of the error.

The payload may also be `{"targets": ["my-cluster"], "dry_run": true, "force": true}`, each key optional: only these
targets; only report what would be done; renew even if nothing is due. One run does at most 100 targets. If more are
enabled, `{}` is refused: name some of them at a time, or use `argo-ecr-auth invoke`.
"""


def format_command_line_page() -> str:
    """The page's text."""
    parser = make_parser()
    commands = "".join(_format_command(name, command) for name, command in _list_commands(parser))
    return f"{_HEAD}{commands}{_AWS_CLI}"


def _list_commands(parser: argparse.ArgumentParser, prefix: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, one in action.choices.items():
                if not any(isinstance(inner, argparse._SubParsersAction) for inner in one._actions):  # noqa: SLF001
                    yield f"{prefix}{name}", one
                yield from _list_commands(one, f"{prefix}{name} ")


def _format_command(name: str, parser: argparse.ArgumentParser) -> str:
    examples = (parser.epilog or "").removeprefix("examples:\n").rstrip()
    language = 'bash title="AWS"' if name in INSTALLATION_COMMANDS else "text"
    indent = min((len(line) - len(line.lstrip()) for line in examples.splitlines()), default=0)
    lines = "\n".join(line[indent:] for line in examples.splitlines())
    return (
        f"\n## {name}\n\n{(parser.description or '').strip()}\n\n{_format_options(parser)}\n"
        f"```{language}\n{lines}\n```\n"
    )


def _format_options(parser: argparse.ArgumentParser) -> str:
    rows = [
        f"| `{_format_name(action)}` | {(action.help or '').replace('|', chr(92) + '|')} |"
        for action in parser._actions  # noqa: SLF001
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
        and action.help is not argparse.SUPPRESS
    ]
    return "| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _format_name(action: argparse.Action) -> str:
    value = action.metavar or ("\\|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"[{value}...]" if action.nargs == "*" else str(value)
    return ", ".join(action.option_strings) + ("" if action.nargs == 0 else f" {value}")
