"""How personal data looks to those who need not see it (NFR-3)."""

import re
from urllib.parse import parse_qsl


def mask_phone(phone: str) -> str:
    """138****5678"""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "*" * len(phone)


def mask_id_no(id_no: str) -> str:
    """410***********1234"""
    return (
        f"{id_no[:3]}{'*' * (len(id_no) - 7)}{id_no[-4:]}" if len(id_no) > 7 else "*" * len(id_no)
    )


def mask_name(name: str) -> str:
    """王*明, 王*"""
    if len(name) <= 1:
        return name
    return f"{name[0]}*{name[-1]}" if len(name) > 2 else f"{name[0]}*"


def mask_account(account: str) -> str:
    """6200 **** **** 1087"""
    return f"{account[:4]} **** **** {account[-4:]}" if len(account) > 8 else "*" * len(account)


_PERSONAL = frozenset({"customer", "name", "phone", "id_no", "q", "words"})


def mask_search(query: str) -> str:
    """What was asked of a list, as `field=value&…`, without the names and numbers of people."""
    asked = parse_qsl(query)
    return "&".join(f"{name}={_masked(name, value)}" for name, value in asked)


def _masked(name: str, value: str) -> str:
    if re.fullmatch(r"1\d{10}", value):
        return mask_phone(value)
    if re.fullmatch(r"\d{17}[\dXx]", value):
        return mask_id_no(value)
    # What people write is a name, or may have one in it; a contract's or a person's number is none.
    is_free = name in _PERSONAL and not re.fullmatch(r"[A-Za-z0-9_.-]*", value)
    return mask_name(value) if is_free else value
