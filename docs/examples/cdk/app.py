"""A CDK app of yours with one stack that keeps one cluster's credential fresh."""

from pathlib import Path

import aws_cdk as cdk

from argo_ecr_auth_cdk import ArgoEcrAuth, read_app_settings, write_rbac_files

ACCOUNT, REGION = "123456789012", "eu-west-1"

app = cdk.App()
stack = cdk.Stack(app, "ecr-auth", env=cdk.Environment(account=ACCOUNT, region=REGION))
settings = read_app_settings(
    {
        "targets": [{"cluster": "my-cluster"}],
        "credentials": [{"registry": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com", "kind": "argo-cd"}],
    },
    account=stack.account,
    region=stack.region,
)
ArgoEcrAuth(stack, "EcrAuth", settings=settings)
write_rbac_files(Path("cdk.out/rbac"), settings=settings, account=stack.account, region=stack.region)
app.synth()
