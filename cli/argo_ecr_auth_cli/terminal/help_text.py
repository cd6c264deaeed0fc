"""What `--help` says, but for the options themselves."""

from dataclasses import dataclass

DESCRIPTION = """\
Keeps Amazon ECR credentials fresh in Argo CD.

Without a command it does what the in-cluster tool of this name does: it looks after one Secret, in a loop, until it is
told to stop (SIGTERM). The commands ask about, or start, the Lambda function that does it for many clusters.
"""

EPILOG = """\
examples:
  in a pod, as the original tool (its flags work unchanged):
    argo-ecr-auth --ecr-registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  once, from this machine, with the current context of your kubeconfig:
    argo-ecr-auth --once --kube-config local --ecr-registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  once, into an EKS cluster that your AWS credentials may enter:
    argo-ecr-auth --once --kube-config eks --cluster mine --ecr-registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  how all clusters of settings.yaml are, what is wrong with one, and a run now:
    argo-ecr-auth status
    argo-ecr-auth doctor my-cluster
    argo-ecr-auth invoke my-cluster

exit codes:
  0  all is well
  1  something is unhealthy: it failed, or less than a third of renew_before is left of a token
  2  a wrong flag, target or settings file
  3  it could not be looked at (no rights, no connection)
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a command's own help says, and one line of it for the list."""

    brief: str
    description: str
    examples: str


COMMANDS = {
    "status": Command(
        brief="how every credential is: what is left of its token, and who wrote it last",
        description="""\
Reads the Secrets and ConfigMaps with your own rights; asks ECR nothing and writes nothing.""",
        examples="""\
  argo-ecr-auth status
  argo-ecr-auth status my-cluster -o json
  argo-ecr-auth status --cluster my-cluster --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
""",
    ),
    "doctor": Command(
        brief="what is wrong, and what to do about it",
        description="""\
Looks with your own rights at what goes wrong in practice, from the access entry to a Secret that shadows ours.
It reads only. The one password that it uses is the one in the Secret, at its own registry.""",
        examples="""\
  argo-ecr-auth doctor
  argo-ecr-auth doctor my-cluster -o json
  argo-ecr-auth doctor --function-role arn:aws:iam::123456789012:role/my-role
""",
    ),
    "rbac": Command(
        brief="the manifests that give the function its rights in the clusters",
        description="""\
Prints the Role and RoleBinding of each target, as the synth writes them. kubectl applies to one cluster: for a pipe,
or in JSON, name the targets of one.""",
        examples="""\
  argo-ecr-auth rbac my-cluster | kubectl apply -f -
  argo-ecr-auth rbac my-cluster --installation another-one
""",
    ),
    "invoke": Command(
        brief="run the deployed function now, for each target side by side",
        description="""\
Invokes the function with the targets of the command line, else with those of the settings; where there is no
settings file either, with all that it has.""",
        examples="""\
  argo-ecr-auth invoke
  argo-ecr-auth invoke --dry-run my-cluster
  argo-ecr-auth invoke --force my-cluster
""",
    ),
}
