"""Rewrites what a ConfigMap says of the token in its Secret, as the function would have written it."""

from dataclasses import replace
from datetime import datetime, timedelta

from argo_ecr_auth.core.manifests import FINGERPRINT_ANNOTATION, LIFETIME_ANNOTATION, SOURCE_ANNOTATION, Payload
from argo_ecr_auth.core.timestamps import EXPIRY_KEY, format_time, parse_expiry
from tests.support.objects import Objects


def rewrite_expiry(objects: Objects, expires_at: datetime) -> None:
    """As if the token ended then."""
    _write(objects, replace(_read(objects), expires_at=expires_at))


def rewrite_source(objects: Objects, source: str) -> None:
    """As if the token had been requested by another role."""
    _write(objects, replace(_read(objects), source=source))


def _read(objects: Objects) -> Payload:
    config_map = objects.require("configmaps")
    expires_at = parse_expiry(config_map)
    assert expires_at is not None
    annotations = config_map["metadata"]["annotations"]
    return Payload(
        text=objects.payload,
        expires_at=expires_at,
        lifetime=timedelta(seconds=int(annotations[LIFETIME_ANNOTATION])),
        source=annotations[SOURCE_ANNOTATION],
    )


def _write(objects: Objects, payload: Payload) -> None:
    annotations = {FINGERPRINT_ANNOTATION: payload.fingerprint, SOURCE_ANNOTATION: payload.source}
    objects.patch(
        "configmaps",
        {"data": {EXPIRY_KEY: format_time(payload.expires_at)}, "metadata": {"annotations": annotations}},
    )
