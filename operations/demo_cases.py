"""More cases of the demo's credit book: in and out of the province, several products, all roles."""

from dataclasses import dataclass

from operations import demo_logins as logins

PRIMARY, CO_BORROWER, CO_OWNER, SPOUSE, GUARANTOR = (
    *("PRIMARY_BORROWER", "CO_BORROWER", "CO_OWNER"),
    *("SPOUSE", "GUARANTOR"),
)
YXD = ("YXD", "永续贷")
BUSINESS = ("FDJY", "房抵经营贷")
MORTGAGE = ("ZFAJ", "个人住房按揭贷款")  # not by video: parameter video_interview_allowed
MANAGER = (logins.MANAGER_NO, "赵启航")
OTHER_MANAGER = ("600325", "钱多多")

# name, phone, ID number; some stand in several cases
PEOPLE = {
    "张晓明": (logins.CUSTOMERS[0], "410105198803121234"),
    "李文静": (logins.CUSTOMERS[1], "410105199001012345"),
    "周安然": (logins.CUSTOMERS[2], "410105198507073456"),
    "许若涵": (logins.CUSTOMERS[3], "330502199212124567"),
    "张建国": ("13800000011", "370102197602023211"),
    "陈思远": ("13800000012", "340104198911115212"),
    "宋怡": ("13800000013", "340104199003036213"),
    "王海燕": ("13800000014", "410105198204047214"),
    "刘志强": ("13800000015", "410102197910108215"),
    "孙丽娜": ("13800000016", "420102199105059216"),
    "何建平": ("13800000017", "510104198606061217"),
    "吴晓东": ("13800000018", "370102199307072218"),
    "郑秋实": ("13800000019", "610113198708083219"),
    "冯雨薇": (logins.WITHOUT_ACCOUNT, "330106199409094220"),
    "曹文轩": ("13800000021", "330106198110105221"),
    "罗静怡": ("13800000022", "320583199512126222"),
}
WITHOUT_ACCOUNT = "冯雨薇"

REGIONS = {
    "济南": ("370000", "370100", "370102", "山东省 济南市 历下区"),
    "合肥": ("340000", "340100", "340104", "安徽省 合肥市 蜀山区"),
    "郑州": ("410000", "410100", "410105", "河南省 郑州市 金水区"),
    "武汉": ("420000", "420100", "420102", "湖北省 武汉市 江岸区"),
    "成都": ("510000", "510100", "510104", "四川省 成都市 锦江区"),
    "西安": ("610000", "610100", "610113", "陕西省 西安市 雁塔区"),
    "杭州": ("330000", "330100", "330106", "浙江省 杭州市 西湖区"),
    "昆山": ("320000", "320500", "320583", "江苏省 苏州市 昆山市"),
}


@dataclass(frozen=True, slots=True)
class DemoCase:
    """`course` is how far it went: fresh, submitted, booked, passed, proposed, rejected, lien, disbursed."""

    contract_no: str
    people: tuple[tuple[str, tuple[str, ...]], ...]
    region: str
    amount: str
    course: str = "fresh"
    product: tuple[str, str] = YXD
    manager: tuple[str, str] = MANAGER
    customer_type: str = "ordinary"


MORE_CASES = (
    DemoCase(
        "YXD-2026-1109-00603",
        (("张建国", (PRIMARY, CO_OWNER)), ("李文静", (GUARANTOR,))),
        "济南",
        "350000.00",
    ),
    DemoCase(
        "YXD-2026-1110-00611",
        (
            ("陈思远", (PRIMARY, CO_OWNER)),
            ("宋怡", (SPOUSE, CO_BORROWER, CO_OWNER)),
            ("周安然", (GUARANTOR,)),
        ),
        "合肥",
        "780000.00",
    ),
    DemoCase("YXD-2026-1111-00625", (("王海燕", (PRIMARY,)),), "郑州", "260000.00"),
    DemoCase("YXD-2026-1102-00631", (("刘志强", (PRIMARY,)),), "郑州", "500000.00", "submitted"),
    DemoCase(
        "FDJY-2026-1028-00642",
        (("孙丽娜", (PRIMARY,)),),
        "武汉",
        "1200000.00",
        "rejected",
        BUSINESS,
    ),
    DemoCase("YXD-2026-1105-00655", (("何建平", (PRIMARY,)),), "成都", "420000.00", "proposed"),
    DemoCase(
        "ZFAJ-2026-1112-00660", (("吴晓东", (PRIMARY,)),), "济南", "900000.00", "fresh", MORTGAGE
    ),
    DemoCase(
        "FDJY-2026-1113-00672",
        (("郑秋实", (PRIMARY, CO_OWNER)),),
        "西安",
        "1500000.00",
        "fresh",
        BUSINESS,
        OTHER_MANAGER,
        "vip",
    ),
    DemoCase("YXD-2026-1114-00680", (("冯雨薇", (PRIMARY,)),), "杭州", "300000.00", "booked"),
    DemoCase("YXD-2026-1012-00690", (("曹文轩", (PRIMARY,)),), "杭州", "640000.00", "lien"),
    DemoCase("YXD-2026-0926-00701", (("罗静怡", (PRIMARY,)),), "昆山", "280000.00", "disbursed"),
)
