"""What sealed values look like, for those who only have to recognise them."""

SEALED = "sealed:1:"


class Gone(Exception):
    """The value cannot be read any more; says why."""
