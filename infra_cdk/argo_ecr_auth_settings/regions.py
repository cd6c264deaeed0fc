"""Whether a text can be the name of an AWS region."""

import re

# Each region since the first is AREA-DIRECTION-NUMBER (us-east-1, eusc-de-east-1), and AWS opens new ones without
# asking this package: so a new area or number passes, and what has no direction (us-moon-1, eu-wst-1) does not. A list
# of regions would refuse the next one until somebody updates it.
_REGION = re.compile("[a-z]{2,4}(-[a-z]+)*-(central|(north|south)(east|west)?|east|west)-[0-9]{1,2}")


def is_region(name: str) -> bool:
    return _REGION.fullmatch(name) is not None


def explain_no_region(name: str) -> str:
    return f"{name} is no AWS region; a region's name has a direction and a number, as eu-west-1"
