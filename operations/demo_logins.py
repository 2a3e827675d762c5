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
SUPERVISOR = DemoLogin("坐席主管", "M3001", "/")
REVIEWER = DemoLogin("质检员", "Q2001", "/admin/")
ADMINISTRATOR = DemoLogin("系统管理员", "admin", "/admin/")

DEMO_LOGINS = (SEAT, SECOND_SEAT, SUPERVISOR, REVIEWER, ADMINISTRATOR)
CUSTOMER_PATH = "/demo/customer/"
MANAGER_PATH = "/demo/manager/"
CREDIT_PATH = "/demo/credit/"
MANAGER_NO = "600318"  # the client manager 赵启航
# Registered phones of the demo customers: 张晓明, 李文静, 周安然, 许若涵
CUSTOMERS = ("13800000001", "13800000002", "13800000003", "13800000004")
# Has an interview waiting and no account yet: 冯雨薇
WITHOUT_ACCOUNT = "13800000009"
