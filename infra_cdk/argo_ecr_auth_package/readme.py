"""The README of a package: the steps of a deployment, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from argo_ecr_auth_settings.names import AccountRegion

_CAPABILITY = "--capabilities CAPABILITY_NAMED_IAM"


@dataclass(frozen=True, kw_only=True)
class AccessTemplate:
    """The template of an access stack, and where to deploy it."""

    file: str
    stack: str
    place: AccountRegion


def make_readme(
    *, stack: str, place: AccountRegion, code_key: str, manifests: Sequence[str], access: Sequence[AccessTemplate]
) -> str:
    """Nine lines, and one or two more for each access template."""
    manifest = manifests[0] if len(manifests) == 1 else "TARGET.rbac.yaml"
    apply = f"`kubectl apply -f rbac/{manifest}`" if manifests else "nothing, because the settings need no manifest"
    deploy = f"aws cloudformation deploy {_format_stack(stack, place)} --template-file template.json"
    parameters = f"--parameter-overrides CodeBucket=BUCKET CodeKey={code_key}"
    show = f"aws cloudformation describe-stacks {_format_stack(stack, place)} --query 'Stacks[0].Outputs'"
    deletions = " ".join((*(_delete(template.stack, template.place) for template in access), _delete(stack, place)))
    lines = [
        f"# {stack}, for {_describe(place)}, deployed without CDK",
        f"1. As an administrator of each cluster: {apply}.",
        f"2. `aws s3 cp function.zip s3://BUCKET/{code_key}`; BUCKET is in the region of the function.",
        f"3. `{deploy} --s3-bucket BUCKET {_CAPABILITY} {parameters}`",
        *(
            f"   - then in {_describe(template.place)}: "
            f"`aws cloudformation deploy {_format_stack(template.stack, template.place)} "
            f"--template-file {template.file} {_CAPABILITY}`"
            for template in access
        ),
        f"4. `{show}` shows InvokeCommand, which starts a run at once.",
        "5. Status: `uvx --from 'argo-ecr-auth[cli]' argo-ecr-auth status`, where the package's settings.yaml is.",
        "6. Update: make the package again, then repeat these steps with it.",
        f"7. Removal: {deletions} `kubectl delete -f rbac`. The Secrets and ConfigMaps stay until you delete them.",
        "8. sbom.cdx.json lists the packages in function.zip, whose SHA-256 is in the key: each zip needs its own.",
    ]
    return "\n".join(lines) + "\n"


def _delete(stack: str, place: AccountRegion) -> str:
    return f"`aws cloudformation delete-stack {_format_stack(stack, place)}`;"


def _describe(place: AccountRegion) -> str:
    return f"account {place.account or 'of your choice'}, region {place.region or 'of your choice'}"


def _format_stack(stack: str, place: AccountRegion) -> str:
    return f"--stack-name {stack}" + (f" --region {place.region}" if place.region else "")
