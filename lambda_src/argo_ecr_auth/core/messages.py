"""The sentences of the function's results and log lines, for the person who reads them at night.

What failed, for what, why if that is known; then what to do. One line, no secret. The command line has its own words
for what concerns the operator's permissions.
"""

from argo_ecr_auth.core.errors import AssumeRoleError, AwsRefusalError, ForbiddenError, SyncError, UnauthorizedError

_FUNCTION = "the function's role"
_RETRY = "the next run tries again"


def explain(*errors: SyncError) -> str:
    """What to read of one credential's errors, in one sentence."""
    sentences = dict.fromkeys(map(_explain, errors))
    promise = [_RETRY] if any(error.transient for error in errors) else []
    return "; ".join([*sentences, *promise])


def explain_for(error: SyncError, *, asker: str) -> str:
    """What to read of an error whose sentence differs only in who asked: `asker`, unless a role was assumed."""
    match error:
        case AssumeRoleError(role=role):
            external_id = f" with the external id {role.external_id}" if role.external_id else ""
            name = role.arn.rpartition("/")[2]
            return (
                f"{error}; its trust policy must allow {_FUNCTION}{external_id}, and {_FUNCTION} needs sts:AssumeRole "
                f"on it (aws iam get-role --role-name {name} shows the trust policy; the synth writes the permission)"
            )
        case AwsRefusalError(permission=permission, role=role) if permission:
            who = f"the role {role.arn}" if role else asker
            return f"{error}; {who} needs {permission}"
        case _:
            return str(error)


def _explain(error: SyncError) -> str:
    match error:
        case UnauthorizedError():
            return _explain_unauthorized(error)
        case ForbiddenError(target=target, namespace=namespace):
            return (
                f"{target.cluster}'s API server does not let the function {error.doing}: the namespace {namespace} is "
                f"missing (kubectl create namespace {namespace}), or its Role is (kubectl apply -f "
                f"cdk.out/rbac/{target.name}.rbac.yaml, or dist/rbac/{target.name}.rbac.yaml of a package)"
            )
        case _:
            return explain_for(error, asker=_FUNCTION)


def _explain_unauthorized(error: UnauthorizedError) -> str:
    target = error.target
    return (
        f"{error} to {_FUNCTION}: its access entry is missing, or older than the role (if so, first run aws "
        f"eks delete-access-entry). Run aws eks create-access-entry --cluster-name {target.cluster} --region "
        f"{target.region} --principal-arn ROLE --kubernetes-groups GROUP; argo-ecr-auth doctor {target.name} fills "
        "in ROLE and GROUP. If the target sets an endpoint, it may belong to another cluster"
    )
