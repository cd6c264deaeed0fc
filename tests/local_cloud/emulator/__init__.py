"""The emulator: ministack with our adjustments, in its own environment (.venv-cloud).

The modules import ministack, which the development environment lacks. No module outside imports this package.
"""
