"""A function as tutorials write it, to compare with: boto3, kubernetes and Powertools, a new token in each run."""

import base64
import tempfile

import boto3
from aws_lambda_powertools import Logger
from botocore.signers import RequestSigner
from kubernetes import client

logger = Logger(service="tutorial")


def handler(event: dict[str, str], _: object) -> None:
    session = boto3.Session()
    credentials = session.get_credentials()
    assert credentials is not None
    described = session.client("eks").describe_cluster(name=event["cluster"])["cluster"]
    sts = session.client("sts")
    signer = RequestSigner(
        sts.meta.service_model.service_id, session.region_name, "sts", "v4", credentials, session.events
    )
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://sts.{session.region_name}.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": event["cluster"]},
            "context": {},
        },
        region_name=session.region_name,
        expires_in=60,
        operation_name="",
    )
    configuration = client.Configuration()
    configuration.host = described["endpoint"]
    configuration.api_key["authorization"] = "Bearer k8s-aws-v1." + (
        base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    )
    with tempfile.NamedTemporaryFile() as authority:
        authority.write(base64.b64decode(described["certificateAuthority"]["data"]))
        authority.flush()
        configuration.ssl_ca_cert = authority.name
        api = client.CoreV1Api(client.ApiClient(configuration))
        data = session.client("ecr").get_authorization_token()["authorizationData"][0]
        username, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
        api.patch_namespaced_secret(
            event["secret"], event["namespace"], {"stringData": {"username": username, "password": password}}
        )
    logger.info("renewed", extra={"secret": event["secret"]})
