"""Which passes are checked (QC-1). Pure and reproducible: an auditor derives the same sample."""

import hashlib
from decimal import Decimal

_WHOLE = 1 << 64


def is_chosen(seed: str, call_id: object, percent: Decimal) -> bool:
    """Whether a call belongs to the sample of `percent` (0-100) that `seed` draws.

    The first 64 bits of SHA-256("seed:call id") as a fraction of one, against the rate. It depends
    on nothing but the two: not on the order, nor on the other calls.
    """
    digest = hashlib.sha256(f"{seed}:{call_id}".encode()).digest()
    return int.from_bytes(digest[:8]) * 100 < percent * _WHOLE
