"""What the READMEs tell a newcomer is what the demo data makes."""

import pytest

from operations.demo_logins import CUSTOMER_PATH, DEMO_LOGINS
from operations.environment import PROJECT


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_every_demo_login_is_in_the_table(readme: str) -> None:
    rows = [line for line in (PROJECT / readme).read_text().splitlines() if line.startswith("| ")]

    for login in DEMO_LOGINS:
        expected = f"| <http://127.0.0.1:8000{login.path}> | {login.username} |"
        assert sum(row.endswith(expected) for row in rows) == 1
    assert sum(f"8000{CUSTOMER_PATH}>" in row for row in rows) == 1
