"""What the installation's CloudFormation stack says of the function."""

from botocore.exceptions import BotoCoreError, ClientError

from argo_ecr_auth.clients.sessions import Sessions, explain_aws_error
from argo_ecr_auth_cli.terminal.exits import UNKNOWN, CommandError
from argo_ecr_auth_cli.terminal.output import to_operator


def get_stack_output(sessions: Sessions, *, key: str, installation: str, region: str, instead: str) -> str:
    """An output of the stack. Raises CommandError, which names the option to give `instead`."""
    remedy = f"give --region, --installation or {instead}"
    try:
        (stack,) = sessions.client("cloudformation", region=region).describe_stacks(StackName=installation)["Stacks"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ValidationError":
            raise CommandError(f"there is no stack {installation} in {region}: {remedy}", code=UNKNOWN) from None
        raise _explain_stack_error(error, installation, remedy) from None
    except BotoCoreError as error:
        raise _explain_stack_error(error, installation, remedy) from None
    for output in stack.get("Outputs", ()):
        if output["OutputKey"] == key:
            return str(output["OutputValue"])
    raise CommandError(f"the stack {installation} in {region} has no output {key}: {remedy}", code=UNKNOWN)


def _explain_stack_error(error: ClientError | BotoCoreError, installation: str, remedy: str) -> CommandError:
    said = explain_aws_error(error, asked=f"for the stack {installation}", right="cloudformation:DescribeStacks on it")
    return CommandError(f"{to_operator(str(said))}; {remedy}", code=UNKNOWN)
