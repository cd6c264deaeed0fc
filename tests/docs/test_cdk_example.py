"""The CDK app of docs/examples/cdk, synthesized as it is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

_APP = Path(__file__).parents[2] / "docs" / "examples" / "cdk" / "app.py"


def test_the_app_makes_a_stack_with_a_function_and_the_clusters_manifest(tmp_path: Path) -> None:
    environment = os.environ | {"CDK_OUTDIR": str(tmp_path / "cdk.out")}

    done = subprocess.run(
        [sys.executable, str(_APP)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    template = json.loads((tmp_path / "cdk.out" / "ecr-auth.template.json").read_text())
    types = [resource["Type"] for resource in template["Resources"].values()]
    assert types.count("AWS::Lambda::Function") == 1
    assert "kind: RoleBinding" in (tmp_path / "cdk.out" / "rbac" / "my-cluster.rbac.yaml").read_text()
