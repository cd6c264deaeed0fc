"""What `make deploy`, `make destroy` and `make bootstrap` do before and after the CDK CLI, in a checkout."""
