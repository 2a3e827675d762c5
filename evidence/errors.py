"""Why something could not be sealed."""


class SealingFailed(Exception):
    """The signer is away or refuses; it is tried again later. The text is a code."""
