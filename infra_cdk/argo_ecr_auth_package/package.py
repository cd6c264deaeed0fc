"""Writes what a deployment without CDK needs: the function's zip, CloudFormation templates, manifests and an SBOM."""

import hashlib
import json
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.cx_api import CloudFormationStackArtifact

from argo_ecr_auth_cdk.app import SynthesizedApp, synthesize
from argo_ecr_auth_cdk.function.asset import find_synth_runtime
from argo_ecr_auth_cdk.function.dependencies import REQUIREMENTS
from argo_ecr_auth_package.bill_of_materials import PROJECT, make_bill_of_materials
from argo_ecr_auth_package.readme import AccessTemplate, make_readme
from argo_ecr_auth_package.synthesizer import PackageSynthesizer
from argo_ecr_auth_settings.names import AccountRegion

_REPORT_BY_CDK = "@aws-cdk/core:annotationsInValidationReport"
"""Of warnings. It names a file of the temporary folder."""

_ACCESS, _RBAC = "access", "rbac"

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store
_UNIX = 3
_FILE_MODE = stat.S_IFREG | 0o644
_LEVEL = 9


def write_package(
    output: Path, *, context: Mapping[str, Any], place: AccountRegion, default_file: Path
) -> tuple[str, ...]:
    """Write the package into the folder `output` and return the warnings of the synth.

    An earlier package there is overwritten, other files stay. `place` is the function's; None in it stands for any
    account or region. Raises SettingsError, UnsupportedRuntimeError and InstallationError before anything is written.
    """
    with tempfile.TemporaryDirectory() as temporary:
        synthesizer = PackageSynthesizer()
        app = cdk.App(
            outdir=temporary, context={**context, _REPORT_BY_CDK: False}, default_stack_synthesizer=synthesizer
        )
        synthesized = synthesize(app, account=place.account, region=place.region, default_file=default_file)
        home, *others = _sort_stacks(synthesized)
        asset = Path(temporary) / synthesizer.assets[home.stack_name]

        output.mkdir(parents=True, exist_ok=True)
        _zip_folder(asset, output / "function.zip")
        digest = hashlib.sha256((output / "function.zip").read_bytes()).hexdigest()
        _write(output / "sbom.cdx.json", _describe_contents(synthesized, asset=asset, zip_sha256=digest))
        _write(output / "template.json", _format_template(home))
        access = list(_write_access_templates(output, others))
        manifests = _copy_manifests(synthesized.manifests, output)
        readme = make_readme(
            stack=home.stack_name, place=place, code_key=f"{PROJECT}/{digest}.zip", manifests=manifests, access=access
        )
        _write(output / "README.md", readme)
        return synthesized.stack.installation.annotations


def _sort_stacks(synthesized: SynthesizedApp) -> list[CloudFormationStackArtifact]:
    """All stacks, the function's first."""
    return sorted(
        synthesized.assembly.stacks,
        key=lambda stack: (stack.stack_name != synthesized.stack.stack_name, stack.stack_name),
    )


def _zip_folder(folder: Path, file: Path) -> None:
    """Zip all files of the folder, readable by everybody, sorted by their paths and without their times.

    The bytes also depend on zlib: two builds of Python may compress differently.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(name, date_time=_EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _FILE_MODE << 16
            archive.writestr(entry, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED, _LEVEL)


def _describe_contents(synthesized: SynthesizedApp, *, asset: Path, zip_sha256: str) -> str:
    return make_bill_of_materials(
        asset=asset,
        requirements=REQUIREMENTS.read_text(encoding="utf-8"),
        version=version(PROJECT),
        zip_sha256=zip_sha256,
        properties={"architecture": synthesized.settings.architecture, "runtime": find_synth_runtime()},
    )


def _write_access_templates(output: Path, stacks: Sequence[CloudFormationStackArtifact]) -> Iterator[AccessTemplate]:
    shutil.rmtree(output / _ACCESS, ignore_errors=True)
    for stack in stacks:
        file = f"{_ACCESS}/{stack.stack_name}.template.json"
        (output / _ACCESS).mkdir(exist_ok=True)
        _write(output / file, _format_template(stack))
        yield AccessTemplate(file=file, stack=stack.stack_name, place=_find_place(stack))


def _find_place(stack: CloudFormationStackArtifact) -> AccountRegion:
    account, region = stack.environment.account, stack.environment.region
    # CDK's names for an account and region that are unknown at synth.
    return AccountRegion(
        account=None if account == "unknown-account" else account,
        region=None if region == "unknown-region" else region,
    )


def _copy_manifests(files: Sequence[Path], output: Path) -> list[str]:
    shutil.rmtree(output / _RBAC, ignore_errors=True)
    (output / _RBAC).mkdir()
    return [shutil.copyfile(file, output / _RBAC / file.name).name for file in files]


def _format_template(stack: CloudFormationStackArtifact) -> str:
    return json.dumps(stack.template, indent=1) + "\n"


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
