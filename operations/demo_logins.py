"""The people of the demo data, and where each begins. `load_demo` creates exactly these logins."""

from dataclasses import dataclass

PASSWORD = "Interview#2026"  # noqa: S105  # demo data only; load_demo refuses outside DEMO


@dataclass(frozen=True)
class DemoLogin:
    """One person one can be; `username` is the 工号, `path` the first page."""

    title: str
    username: str
    path: str


SEAT = DemoLogin("视频坐席", "S1001", "/workbench/")
SECOND_SEAT = DemoLogin("视频坐席（二）", "S1002", "/workbench/")
REVIEWER = DemoLogin("质检员", "Q2001", "/admin/")
ADMINISTRATOR = DemoLogin("系统管理员", "admin", "/admin/")

DEMO_LOGINS = (SEAT, SECOND_SEAT, REVIEWER, ADMINISTRATOR)
CUSTOMER_PATH = "/demo/"
