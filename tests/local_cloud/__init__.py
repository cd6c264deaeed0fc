"""The cloud on one machine: AWS is emulated, its EKS clusters are real API servers.

`python -m tests.local_cloud up` starts one for a developer. Tests start their own with `cloud.LocalCloud`.
"""
