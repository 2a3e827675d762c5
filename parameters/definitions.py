"""Every number a supervisor may set: its unit, range and default (WB-6). Pure."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"


class Group(StrEnum):
    """Where a parameter stands on the page."""

    CALL = "call"
    RECORDING = "recording"
    BOOKING = "booking"
    MEDIA = "media"
    QC = "qc"
    SECURITY = "security"


GROUP_LABELS = {
    Group.CALL: _("通话与排队"),
    Group.RECORDING: _("录制与画质"),
    Group.BOOKING: _("预约"),
    Group.MEDIA: _("营销素材"),
    Group.QC: _("质检"),
    Group.SECURITY: _("登录、密码与数据外带"),
}
EVERYWHERE = ("global", "channel", "product")
DOWN_TO_SEATS = (*EVERYWHERE, "seat")
GLOBAL_ONLY = ("global",)
YES_NO = ((0, _("否")), (1, _("是")))


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole number between `least` and `most`, in `unit`. With `options` each number has a name.

    `scopes` are those whose setting the reader of the value asks for.
    """

    key: str
    label: str | Promise
    unit: str | Promise
    least: int
    most: int
    default: int
    help: str | Promise = ""
    group: Group = Group.CALL
    scopes: tuple[str, ...] = EVERYWHERE
    options: tuple[tuple[int, str | Promise], ...] = ()

    @property
    def kind(self) -> Kind:
        if not self.options:
            return Kind.NUMBER
        return Kind.FLAG if self.options == YES_NO else Kind.CHOICE

    @property
    def group_label(self) -> str | Promise:
        return GROUP_LABELS[self.group]

    def shown(self, value: int) -> str:
        """The value as a person reads it."""
        if self.options:
            return str(dict(self.options).get(value, value))
        return f"{value} {self.unit}"

    def allows(self, value: int) -> bool:
        if self.options:
            return value in dict(self.options)
        return self.least <= value <= self.most


def flag(
    key: str,
    label: str | Promise,
    default: bool,
    help: str | Promise = "",
    *,
    group: Group = Group.CALL,
    scopes: tuple[str, ...] = EVERYWHERE,
) -> Definition:
    """Yes or no, as 1 or 0."""
    return Definition(key, label, "", 0, 1, int(default), help, group, scopes, YES_NO)


DEFINITIONS = {
    definition.key: definition
    for definition in (
        Definition(
            "reconnect_window_s",
            _("断点重连时限"),
            _("秒"),
            10,
            1800,
            180,
            _("网络中断后在此时间内恢复，自动回到原通话。"),
        ),
        Definition(
            "tag_lead_ms",
            _("标签提前量"),
            _("毫秒"),
            0,
            30_000,
            5000,
            _("标签打在按键之前多久：存疑的话已经说完。可按坐席另设。"),
            scopes=DOWN_TO_SEATS,
        ),
        flag(
            "tell_of_listening",
            _("旁听时告知客户"),
            default=True,
            help=_("主管旁听时，客户屏幕显示“坐席主管正在旁听”。主管加入通话时始终显示。"),
        ),
        flag(
            "admit_by_seat",
            _("逐一准入"),
            default=False,
            help=_("后续干系人呼入时，须由坐席逐一同意后才能进入通话。"),
        ),
        Definition(
            "network_test_s",
            _("呼入前网络测试"),
            _("秒"),
            0,
            30,
            8,
            _("客户呼入前在真实音视频通路上测试的时长；0 表示不测。"),
        ),
        flag(
            "rating",
            _("满意度评价"),
            default=True,
            help=_("面谈结束后请客户点选星级。"),
        ),
        flag(
            "queue_display",
            _("显示排队信息"),
            default=False,
            help=_("等待时向客户显示当前排位、排队人数和预计等待时间。"),
        ),
        flag(
            "face_reminder",
            _("出画提醒"),
            default=False,
            help=_("在客户手机上检测面部是否在画面中并提醒；不存储任何特征。"),
        ),
        flag(
            "follow_position",
            _("通话中更新定位"),
            default=True,
            help=_("客户同意提供位置的，通话中移动后数据标签随之更新。"),
        ),
        flag(
            "local_rescue",
            _("客户端补录"),
            default=False,
            help=_(
                "通话时客户手机同时自录，断网时段事后补传为证据；告知书随之写明，补传后即删除。"
            ),
            group=Group.RECORDING,
        ),
        flag(
            "recognise_liveness",
            _("人脸核验"),
            default=False,
            help=_(
                "客户另行同意后，对坐席抓拍的照片做活体检测与人脸比对；仅提示坐席。须已接入识别服务。"
            ),
        ),
        flag(
            "recognise_id_ocr",
            _("身份证识别"),
            default=False,
            help=_(
                "客户另行同意后，将手持身份证照片与信贷资料核对；仅提示坐席。须已接入识别服务。"
            ),
        ),
        flag(
            "recognise_expression",
            _("状态提示"),
            default=False,
            help=_("客户另行同意后，根据抓拍的照片提示客户状态；仅提示坐席。须已接入识别服务。"),
        ),
        flag(
            "video_interview_allowed",
            _("允许视频面谈"),
            default=True,
            help=_("否：该产品不得以视频方式面谈，预约与呼入均被拒绝（如住房按揭）。"),
            group=Group.BOOKING,
        ),
        flag(
            "record_by_hand",
            _("手工录制"),
            default=False,
            help=_("是：由坐席手工开始录制；否：接通即录制。"),
            group=Group.RECORDING,
        ),
        flag(
            "seat_joins_muted",
            _("坐席麦克风接通时关闭"),
            default=False,
            help=_("是：接通时坐席处于静音，由坐席自己打开麦克风。可按坐席另设。"),
            group=Group.RECORDING,
            scopes=DOWN_TO_SEATS,
        ),
        flag(
            "output_video",
            _("保存视频"),
            default=True,
            help=_("否：录像只存声音（.m4a），各人的视频轨不入库。入库时生效。"),
            group=Group.RECORDING,
        ),
        flag(
            "output_audio",
            _("保存音频"),
            default=True,
            help=_("否：录像没有声音，各人的音频轨不入库。入库时生效。"),
            group=Group.RECORDING,
        ),
        flag(
            "output_snapshots",
            _("保存照片"),
            default=True,
            help=_("否：抓拍照片不入库。入库时生效。"),
            group=Group.RECORDING,
        ),
        flag(
            "output_tracks",
            _("分轨保存"),
            default=True,
            help=_("否：只存合成录像，不存每人的原始音视频；证据效力减弱，且不能重建。"),
            group=Group.RECORDING,
        ),
        Definition(
            "upload_when",
            _("录制文件上传"),
            "",
            0,
            2,
            0,
            _("手工：坐席提交意见时上传，24 小时未提交则自动上传。"),
            Group.RECORDING,
            options=((0, _("边录边传")), (1, _("通话结束后")), (2, _("手工"))),
        ),
        Definition(
            "video_max_kbps",
            _("视频码率上限"),
            "kbit/s",
            200,
            4000,
            800,
            _("每个终端上行视频的码率不超过此值（上行带宽限制）；网络变差时自动降低。"),
            Group.RECORDING,
        ),
        Definition(
            "video_min_kbps",
            _("视频码率下限"),
            "kbit/s",
            50,
            1000,
            100,
            _("网络变差时画质不低于此监管下限。"),
            Group.RECORDING,
        ),
        Definition(
            "video_down_max_kbps",
            _("下行带宽上限"),
            "kbit/s",
            0,
            20_000,
            0,
            _("每个终端接收全部画面的总码率；0 表示不限制。"),
            Group.RECORDING,
        ),
        Definition(
            "network_preference",
            _("流量路由"),
            "",
            0,
            2,
            1,
            _("网络变差时先让什么：流畅优先降低画质，画质优先容忍延迟。"),
            Group.RECORDING,
            options=((0, _("流畅优先")), (1, _("平衡")), (2, _("画质优先"))),
        ),
        Definition(
            "customer_camera_lines",
            _("客户视频分辨率"),
            "",
            480,
            720,
            480,
            _("客户摄像头画面的上限；监管要求不低于 480p。"),
            Group.RECORDING,
            options=((480, _("480p（640×480）")), (720, _("720p（1280×720）"))),
        ),
        Definition(
            "video_fps",
            _("视频帧率上限"),
            _("帧/秒"),
            8,
            30,
            15,
            _("客户和坐席摄像头每秒的画面数；越低越省流量，动作越不连贯。"),
            Group.RECORDING,
        ),
        Definition(
            "seat_camera_lines",
            _("坐席视频分辨率"),
            "",
            480,
            720,
            480,
            _("坐席摄像头的画面大小，下次接通时生效。可按坐席另设。"),
            Group.RECORDING,
            ("global", "seat"),
            ((480, _("480p（640×480）")), (720, _("720p（1280×720）"))),
        ),
        Definition(
            "offer_s",
            _("振铃时长"),
            _("秒"),
            5,
            120,
            20,
            _("坐席在此时间内未应答，来电回到队首并转派。"),
        ),
        Definition(
            "slot_min",
            _("预约时段长度"),
            _("分钟"),
            10,
            240,
            40,
            _("新预约的时长；已有预约不变。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "reschedule_limit",
            _("改约次数上限"),
            _("次"),
            0,
            20,
            2,
            _("0 表示不限制。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "booking_days",
            _("可预约天数"),
            _("天"),
            1,
            60,
            30,
            _("客户和客户经理最多可提前多少天预约。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "slot_gap_min",
            _("预约时段间隔"),
            _("分钟"),
            0,
            120,
            0,
            _("两个预约时段之间留出的时间，可按坐席另设。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "hold_min",
            _("预约时段占用时长"),
            _("分钟"),
            1,
            60,
            10,
            _("选定时段后为预约人保留的时间，逾期自动释放。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "late_min",
            _("迟到判定"),
            _("分钟"),
            0,
            120,
            5,
            _("预约开始后超过此时间客户仍未呼入，记为迟到。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "hold_before_min",
            _("预约前保留坐席"),
            _("分钟"),
            0,
            60,
            5,
            _("预约开始前此时间起，不再给该坐席派其他客户。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "late_hold_min",
            _("迟到保留坐席"),
            _("分钟"),
            0,
            240,
            15,
            _(
                "预约开始后客户未呼入，为其保留坐席的时间；之后坐席可接待他人，客户仍可在时段内呼入。"
            ),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "arrived_grace_min",
            _("到场保留时长"),
            _("分钟"),
            0,
            240,
            30,
            _("时段内已呼入但未接通的预约，时段结束后再保留此时间。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "no_show_limit",
            _("爽约次数上限"),
            _("次"),
            0,
            20,
            0,
            _("爽约达到此次数后不能自助改约，须联系客户经理；0 表示不限制。"),
            Group.BOOKING,
            GLOBAL_ONLY,
        ),
        Definition(
            "seat_lost_s",
            _("坐席失联判定"),
            _("秒"),
            30,
            3600,
            120,
            _("示闲或示忙的坐席页面心跳中断超过此时间，转为离线。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "storage_quota_gb",
            _("录像存储配额"),
            "GB",
            0,
            1_000_000_000,
            0,
            _("“容量与保管”按此推算还可用多少天，对象存储没有可查的剩余空间；0 表示不设配额。"),
            Group.RECORDING,
            GLOBAL_ONLY,
        ),
        Definition(
            "media_upload_mb",
            _("营销素材大小上限"),
            "MB",
            10,
            2000,
            500,
            _("上传的原始音视频文件不得超过此大小。"),
            Group.MEDIA,
            GLOBAL_ONLY,
        ),
        Definition(
            "qc_claim_hours",
            _("质检认领时限"),
            _("小时"),
            1,
            720,
            8,
            _("认领后超过此时间没有结论，案件放回质检队列；领取的复评可由他人接手。"),
            Group.QC,
            GLOBAL_ONLY,
        ),
        Definition(
            "service_level_s",
            _("服务水平时限"),
            _("秒"),
            5,
            1800,
            60,
            _("在此时间内接通计入服务水平。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "staffing_calls",
            _("排班测算：每半小时来电"),
            _("个"),
            1,
            5000,
            10,
            _("排班测算页打开时的默认值。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "staffing_handling_s",
            _("排班测算：平均处理时长"),
            _("秒"),
            1,
            14_400,
            1620,
            _("含话后整理；排班测算页打开时的默认值。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "staffing_level",
            _("排班测算：服务水平目标"),
            "%",
            1,
            99,
            80,
            _("排班测算页打开时的默认值；接通时限取“服务水平时限”。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "reveals_per_day",
            _("每日查看完整号码上限"),
            _("次"),
            0,
            1000,
            60,
            _("每名坐席每日查看完整证件号、电话的次数；每次须填写原因并留痕。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "exports_per_day",
            _("每日导出上限"),
            _("次"),
            0,
            10_000,
            50,
            _("每人每日把列表导出为文件的次数；每次连同查询条件留痕。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "downloads_per_day",
            _("每日下载录像上限"),
            _("次"),
            0,
            10_000,
            50,
            _("每人每日下载录像文件与导出证据包的次数；播放不受限制，见告警“单人打开录像”。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "export_rows",
            _("单个导出文件行数上限"),
            _("行"),
            1000,
            1_000_000,
            1_000_000,
            _("超过的部分不导出；请缩小查询范围分次导出。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "export_kept_hours",
            _("导出文件保留时长"),
            _("小时"),
            1,
            168,
            24,
            _("后台生成的导出文件在此时间后删除，须重新导出。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "share_days",
            _("录像共享最长天数"),
            _("天"),
            1,
            365,
            30,
            _("把单个录像共享给他人时可填的最长有效天数；已有共享不变。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "wrap_up_plan_s",
            _("话后整理计划时长"),
            _("秒"),
            30,
            1800,
            180,
            _("工作台计时器到八成变黄、到时变红；不会强制结束。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "short_abandon_s",
            _("短时放弃"),
            _("秒"),
            0,
            60,
            5,
            _("入队后在此时间内放弃，不计入服务水平与放弃率。"),
            Group.CALL,
            GLOBAL_ONLY,
        ),
        Definition(
            "password_profile",
            _("密码策略"),
            "",
            0,
            1,
            0,
            _("等保：大小写字母、数字、符号至少三类，90 天到期；其余按下列各项，取较严者。"),
            Group.SECURITY,
            GLOBAL_ONLY,
            ((0, _("标准")), (1, _("等保"))),
        ),
        Definition(
            "password_min",
            _("密码最短长度"),
            _("位"),
            8,
            64,
            10,
            _("修改密码时检查；已有密码到下次修改时才受影响。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "password_history",
            _("不得与最近几次密码相同"),
            _("次"),
            0,
            24,
            5,
            _("0 为不检查。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "password_days",
            _("密码有效期"),
            _("天"),
            0,
            365,
            0,
            _("到期后登录须先修改密码；0 为不限。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "initial_password_days",
            _("初始密码有效期"),
            _("天"),
            1,
            90,
            7,
            _("新建用户或重置后在此时间内未登录改密，须再次重置。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "lock_failures",
            _("登录失败锁定次数"),
            _("次"),
            3,
            20,
            5,
            _("同一工号连续输错密码达到此次数即锁定。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "lock_min",
            _("锁定时长"),
            _("分钟"),
            1,
            1440,
            15,
            _("到时自动解锁，管理员也可提前解锁。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "idle_lock_min",
            _("无操作锁定"),
            _("分钟"),
            0,
            240,
            30,
            _(
                "超过此时间无操作，页面被遮盖，输入密码后回到原处；签入中的坐席、旁听者和只有运行看板查询权限的大屏账号不受影响。0 为不锁定。"
            ),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        Definition(
            "second_factor",
            _("登录二次验证"),
            "",
            0,
            2,
            1,
            _("已绑定动态验证码的用户登录时一律须输入；此处决定谁必须绑定。"),
            Group.SECURITY,
            GLOBAL_ONLY,
            ((0, _("自愿")), (1, _("按角色")), (2, _("全员"))),
        ),
        Definition(
            "reauth_min",
            _("敏感操作再次验证"),
            _("分钟"),
            0,
            240,
            15,
            _(
                "查看完整号码、下载、导出、改角色、改参数等操作前，距上次验证身份超过此时间须再次输入密码。0 为不要求。"
            ),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
        flag(
            "four_eyes",
            _("双人复核"),
            default=False,
            help=_(
                "授予角色、扩大角色权限、启用渠道、解除法定保留、缩短保管期限或开启到期删除、修改录制与登录参数，须由另一人复核后生效。"
            ),
            group=Group.SECURITY,
            scopes=GLOBAL_ONLY,
        ),
        Definition(
            "session_hours",
            _("登录最长时间"),
            _("小时"),
            1,
            24,
            12,
            _("登录满此时间须重新登录；签入中的坐席在签出后执行。"),
            Group.SECURITY,
            GLOBAL_ONLY,
        ),
    )
}
