"""Synthesizes stacks that need no bootstrap: two parameters say where the function's code is."""

from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import jsii

CODE_BUCKET = "CodeBucket"
CODE_KEY = "CodeKey"


@jsii.implements(cdk.IReusableStackSynthesizer)
class PackageSynthesizer(cdk.StackSynthesizer):
    """Like CDK's default synthesizer, without the bucket, the roles and the rule of a bootstrap.

    `assets` has the folder of each stack's asset, by the stack's name. All synthesizers that are bound from this one
    share it.
    """

    def __init__(self, assets: dict[str, Path] | None = None) -> None:
        super().__init__()
        self.assets = {} if assets is None else assets

    def reusable_bind(self, stack: cdk.Stack) -> cdk.IBoundStackSynthesizer:
        bound = PackageSynthesizer(self.assets)
        bound.bind(stack)
        return bound

    def add_file_asset(
        self,
        *,
        file_name: str | None = None,
        source_hash: str,  # noqa: ARG002 - whoever uploads the file chooses the key
        **_: object,
    ) -> cdk.FileAssetLocation:
        stack = self._bound_stack
        if file_name is None or stack.stack_name in self.assets:
            raise ValueError(f"{stack.stack_name} has an asset other than the function's code")
        self.assets[stack.stack_name] = Path(file_name)
        bucket, key = (
            cdk.CfnParameter(stack, name, type="String", min_length=1, description=description)
            for name, description in _PARAMETERS.items()
        )
        return cdk.FileAssetLocation(
            bucket_name=bucket.value_as_string, object_key=key.value_as_string, http_url="", s3_object_url=""
        )

    def add_docker_image_asset(self, **_: object) -> cdk.DockerImageAssetLocation:
        raise ValueError("a container image cannot be packaged")

    def synthesize(self, session: cdk.ISynthesisSession) -> None:
        self._synthesize_template(session)
        self._emit_artifact(session)


_PARAMETERS: Mapping[str, str] = {
    CODE_BUCKET: "The S3 bucket with function.zip, in the region of this stack",
    CODE_KEY: "The key of function.zip there; a new zip needs a new key, because CloudFormation compares only the key",
}
