"""The command line: the original in-cluster tool's loop, and what an operator asks of an installation.

Left out of the function's asset. It stands on the function's own rooms and has no second opinion on anything.
"""
