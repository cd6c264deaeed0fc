"""Where the documentation is published."""

SITE_URL = "https://argo-ecr-auth.example"
"""The project's one setting of it: what `make docs` builds is published there, and messages link to it."""


def make_link(page: str, section: str = "") -> str:
    """The URL of a page, or of one of its sections."""
    return f"{SITE_URL}/{page}/" + (f"#{section}" if section else "")
