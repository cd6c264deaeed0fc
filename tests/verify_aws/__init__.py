"""Asks AWS what the documentation assumes: `python -m tests.verify_aws --cluster NAME`."""
