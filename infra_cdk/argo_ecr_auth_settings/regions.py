"""Recognizes names of AWS regions."""

import re

# All regions are named AREA-DIRECTION-NUMBER (us-east-1, eusc-de-east-1). The pattern accepts new areas and numbers,
# and refuses names without a direction (us-moon-1, eu-wst-1). A list would refuse each new region until it is updated.
_REGION = re.compile("[a-z]{2,4}(-[a-z]+)*-(central|(north|south)(east|west)?|east|west)-[0-9]{1,2}")


def is_region(name: str) -> bool:
    return _REGION.fullmatch(name) is not None


def explain_no_region(name: str) -> str:
    return f"{name} is no AWS region; a region's name has a direction and a number, such as eu-west-1"
