"""STO-2: a file name that every system takes, whatever the customer is called."""

import datetime as dt

import pytest

from recordings.naming import download_name, safe_part

DAY = dt.date(2026, 11, 24)


def test_the_name_is_date_customer_staff_number_and_serial() -> None:
    assert download_name(DAY, "张晓明", "800216", 7) == "20261124张晓明8002160007"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "etcpasswd"),
        ("张\x00晓\n明", "张晓明"),
        ("张\u202e明", "张明"),
        ('a<b>:"c|?*', "abc"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("...", "客户"),
        ("", "客户"),
        ("长" * 200, "长" * 40),
    ],
)
def test_nothing_dangerous_remains(name: str, safe: str) -> None:
    assert safe_part(name) == safe
