"""The metrics that the function emits. Their names are in argo_ecr_auth.core.results."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "ArgoEcrAuth"


def make_metric(name: str, statistic: str, *, installation: str, period: cdk.Duration) -> cloudwatch.Metric:
    """A metric of the function. Its only dimension is the installation, because each additional one costs money."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": installation},
        statistic=statistic,
        period=period,
    )
