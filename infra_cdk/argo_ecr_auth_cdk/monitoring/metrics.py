"""The metrics that the function emits; argo_ecr_auth.core.results has their names."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

NAMESPACE = "ArgoEcrAuth"


def make_metric(name: str, statistic: str, *, installation: str, period: cdk.Duration) -> cloudwatch.Metric:
    """A metric of the function. Its only dimension is the installation, because each further one costs money."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": installation},
        statistic=statistic,
        period=period,
    )
