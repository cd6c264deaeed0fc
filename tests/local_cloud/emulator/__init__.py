"""What runs in ministack's own environment: ministack, adjusted.

Everything here imports ministack, which the development environment lacks; nothing outside imports this package.
"""
