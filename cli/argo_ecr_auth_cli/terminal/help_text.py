"""The texts of `--help`, apart from the options."""

from dataclasses import dataclass

DESCRIPTION = """\
Looks after the Lambda function that keeps Amazon ECR credentials fresh in the
Argo CD of your clusters. `loop` does without the function.
"""

EPILOG = """\
examples:
  the state of the clusters in settings.yaml, what is wrong with one, a run now:
    argo-ecr-auth status
    argo-ecr-auth doctor my-cluster
    argo-ecr-auth invoke my-cluster

exit codes:
  0  all is well
  1  something is wrong: a credential failed, less than a third of renew_before
     is left of its token, or the function crashes or does not run by itself
  2  a wrong flag, target or settings file
  3  something could not be checked (no permissions, no connection, no valid
     credentials)
"""


@dataclass(frozen=True, kw_only=True)
class Command:
    """The help of a command, and one line for the list of commands."""

    brief: str
    description: str
    examples: str


INSTALLATION_COMMANDS = {
    "status": Command(
        brief="the state of every credential: what is left of its token, and who wrote it last",
        description="""\
Reads the Secrets and ConfigMaps with your own permissions, and whether the
function is deployed, scheduled and running. It makes no ECR call and writes
nothing.""",
        examples="""\
  argo-ecr-auth status
  watch -n 10 argo-ecr-auth status
  argo-ecr-auth status my-cluster -o json
  argo-ecr-auth status --cluster my-cluster \\
    --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
""",
    ),
    "doctor": Command(
        brief="what was checked, what is wrong, and what to do about it",
        description="""\
Checks for common problems with your own permissions, from the access entry
to another Secret that Argo CD uses instead. It only reads. It tries the
password in the Secret at its own registry, and no other.""",
        examples="""\
  argo-ecr-auth doctor
  argo-ecr-auth doctor my-cluster -o json
  argo-ecr-auth doctor --function-role arn:aws:iam::123456789012:role/my-role
""",
    ),
    "which": Command(
        brief="which credential serves an Application's repoURL, or which settings would",
        description="""\
Reads Argo CD's Secrets in each target's namespaces, with your own permissions.
It exits with 0 if a credential of the settings serves the URL in all of them,
else with 1. It writes nothing.""",
        examples="""\
  argo-ecr-auth which \\
    oci://123456789012.dkr.ecr.eu-west-1.amazonaws.com/charts/my-app
  argo-ecr-auth which --project my-team \\
    123456789012.dkr.ecr.eu-west-1.amazonaws.com my-cluster
""",
    ),
    "rbac": Command(
        brief="the manifests that give the function its permissions in the clusters",
        description="""\
Prints the Role and RoleBinding of each target, as the synth writes them.
kubectl applies to one cluster: for a pipe or JSON, name the targets of one.""",
        examples="""\
  argo-ecr-auth rbac my-cluster | kubectl apply -f -
  argo-ecr-auth rbac my-cluster --installation another-one
""",
    ),
    "invoke": Command(
        brief="run the deployed function now, for all targets at once",
        description="""\
Invokes the function once for each target of the command line, or else of the
settings. Without a settings file it runs all targets of the function, and does
not judge what is left of a token: renew_before is in the settings.""",
        examples="""\
  argo-ecr-auth invoke
  argo-ecr-auth invoke --dry-run my-cluster
  argo-ecr-auth invoke --force my-cluster
""",
    ),
}

SETTINGS = Command(
    brief="check a settings file, write a first one, or discover clusters for it",
    description="check and init work on the file alone: they make no AWS call.",
    examples="""\
  argo-ecr-auth settings init --cluster my-cluster \\
    --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  argo-ecr-auth settings check
""",
)

SETTINGS_CHECK = Command(
    brief="print every fault of a settings file, with its line and column",
    description="""\
Checks all that the synth checks, and prints its warnings, which are no faults.
Some rules need the function's account or region: they are checked where you
give these.""",
    examples="""\
  argo-ecr-auth settings check
  argo-ecr-auth settings check production.yaml --region eu-west-1
""",
)

SETTINGS_INIT = Command(
    brief="write a first settings file",
    description="""\
Writes the settings of one registry for one or more clusters, and beside them
settings.schema.json, from which an editor completes and checks the file.""",
    examples="""\
  argo-ecr-auth settings init --cluster my-cluster --cluster my-other-cluster \\
    --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
""",
)

LOOP = Command(
    brief="keep one Secret fresh without the function, as the in-cluster tool does",
    description="""\
Runs until it is stopped (SIGTERM). The registry's host decides the token's
region. The flags of the in-cluster tool of this name work without `loop`.""",
    examples="""\
  in a pod:
    argo-ecr-auth loop --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  once, from this machine, with the current context of your kubeconfig:
    argo-ecr-auth loop --once --kube-config local \\
      --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
  once, in an EKS cluster that your AWS credentials have access to:
    argo-ecr-auth loop --once --kube-config eks --cluster mine \\
      --registry 123456789012.dkr.ecr.eu-west-1.amazonaws.com
""",
)

SETTINGS_DISCOVER = Command(
    brief="print what changes in the clusters file, or write it",
    description="""\
Searches accounts and regions for EKS clusters with the tag
argo-ecr-auth/profile, applies the profiles of the settings, and prints what
changes in the file that `clusters` names. A place that cannot be read keeps
its clusters. It needs eks:ListClusters and eks:DescribeCluster.""",
    examples="""\
  argo-ecr-auth settings discover
  argo-ecr-auth settings discover --organization --role discover --write
  argo-ecr-auth settings discover --check -o json
""",
)

COMPLETION = Command(
    brief="print what lets your shell complete commands and options",
    description="Prints a script for the shell that you name.",
    examples="""\
  bash: argo-ecr-auth completion bash \\
          > ~/.local/share/bash-completion/completions/argo-ecr-auth
  zsh:  argo-ecr-auth completion zsh > DIRECTORY_OF_YOUR_FPATH/_argo-ecr-auth
  fish: argo-ecr-auth completion fish \\
          > ~/.config/fish/completions/argo-ecr-auth.fish
""",
)
