"""Keeps Amazon ECR credentials fresh in Argo CD: what runs in Lambda."""
