"""The parts of a name that an index can hold. Pure."""

import unicodedata


def normalised(text: str) -> str:
    """Full-width forms, case and spaces do not matter when one looks for a name."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def grams(name: str) -> list[str]:
    """Every character and every pair of neighbours, each once."""
    plain = normalised(name)
    pairs = (plain[at : at + 2] for at in range(len(plain) - 1))
    return list(dict.fromkeys([*plain, *pairs]))


def needed_grams(part: str) -> list[str]:
    """What the grams of a name must contain if `part` is in it. Empty for an empty part."""
    plain = normalised(part)
    if len(plain) < 2:
        return list(plain)
    return list(dict.fromkeys(plain[at : at + 2] for at in range(len(plain) - 1)))
