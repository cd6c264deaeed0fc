"""The cloud on one machine: AWS, emulated, with EKS clusters that are real API servers.

`python -m tests.local_cloud up` starts one for a developer; tests start their own with `cloud.LocalCloud`.
"""
