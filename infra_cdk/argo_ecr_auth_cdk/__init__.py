"""The CDK constructs that deploy argo-ecr-auth."""
