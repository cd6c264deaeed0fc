"""The command line: the original in-cluster tool's loop, and commands for operators of an installation.

It is not part of the function's asset. It uses the function's own modules, so that both judge alike.
"""
