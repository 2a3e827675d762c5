"""How personal data looks to those who need not see it (NFR-3)."""


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
