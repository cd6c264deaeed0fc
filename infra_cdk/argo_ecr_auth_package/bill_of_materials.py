"""The software bill of materials of the function's asset in CycloneDX 1.6, the same for the same asset."""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

PROJECT = "argo-ecr-auth"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)==\S+((?:\s*\\\n\s*--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_HASHES_ARE = Property(
    name=f"{PROJECT}:hashes",
    value="of all distributions that requirements.txt permits; pip installed one of them",
)


def make_bill_of_materials(
    *, asset: Path, requirements: str, version: str, zip_sha256: str, properties: Mapping[str, str]
) -> str:
    """The SBOM as JSON, without a timestamp. Its serial number is derived from the zip's hash.

    The components are the packages whose metadata is in the asset. `requirements` is the content of the requirements
    file that they were installed from.
    """
    hashes = _read_hashes(requirements)
    components = [
        _make_component(distribution, hashes=hashes[_normalize(distribution.name)])
        for distribution in distributions(path=[str(asset)])
    ]
    function = Component(
        name=PROJECT,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=PROJECT,
        licenses=[LicenseFactory().make_from_string("Apache-2.0")],
        hashes=_make_hashes([zip_sha256]),
        properties=[Property(name=f"{PROJECT}:{name}", value=value) for name, value in properties.items()],
    )
    bom = Bom(
        components=components,
        serial_number=uuid5(NAMESPACE_OID, zip_sha256),
        metadata=BomMetaData(component=function),
    )
    bom.register_dependency(function, components)
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    del content["metadata"]["timestamp"]
    return json.dumps(content, indent=2) + "\n"


def _make_component(distribution: Distribution, *, hashes: Iterable[str]) -> Component:
    metadata = distribution.metadata.json
    license_text = str(metadata.get("license_expression") or metadata.get("license") or "")
    url = PackageURL(type="pypi", name=_normalize(distribution.name), version=distribution.version)
    return Component(
        name=distribution.name,
        version=distribution.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        licenses=[LicenseFactory().make_from_string(license_text)] if license_text else [],
        hashes=_make_hashes(hashes),
        properties=[_HASHES_ARE],
    )


def _make_hashes(values: Iterable[str]) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=value) for value in values]


def _read_hashes(requirements: str) -> Mapping[str, list[str]]:
    """The SHA-256 of each distribution that pip may install, by the package's normalized name."""
    return {_normalize(found[1]): _HASH.findall(found[2]) for found in _REQUIREMENT.finditer(requirements)}


def _normalize(name: str) -> str:
    """A package's name as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()
