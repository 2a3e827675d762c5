"""The operation log in words: one readable sentence an entry, whatever wrote it (WB-20)."""

import json
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from .models import AuditEntry

ACTORS: dict[str, str | Promise] = {
    "user": _("用户"),
    "party": _("客户"),
    "partner": _("合作系统"),
    "system": _("系统"),
}
OBJECTS: dict[str, str | Promise] = {
    "admission_attempt": _("准入记录"),
    "anchor": _("日锚定"),
    "alert": _("告警"),
    "alert_rule": _("告警规则"),
    "appointment": _("预约"),
    "audit": _("操作日志"),
    "call": _("通话"),
    "case": _("信贷案件"),
    "change": _("待复核变更"),
    "channel": _("渠道"),
    "contract": _("借款合同"),
    "export": _("导出"),
    "image": _("影像资料"),
    "interview_task": _("面谈任务"),
    "legal_hold": _("法定保留"),
    "media_item": _("营销素材"),
    "media_worker": _("媒体节点"),
    "offer": _("分案"),
    "outbox_message": _("待发消息"),
    "parameter": _("参数"),
    "participant": _("通话成员"),
    "party": _("干系人"),
    "play_out": _("播放"),
    "qc_review": _("质检案件"),
    "reconciliation": _("对账"),
    "recording": _("录像"),
    "request": _("排队"),
    "role": _("角色"),
    "rules": _("分案规则"),
    "dayoff": _("休假"),
    "institution": _("机构"),
    "retentionrule": _("保管期限"),
    "sampling_run": _("抽检"),
    "samplingplan": _("抽检方案"),
    "scoreform": _("评分表"),
    "script": _("话术"),
    "seat": _("坐席"),
    "signing_key": _("签名密钥"),
    "snapshot": _("抓拍"),
    "task": _("面谈任务"),
    "ticket": _("入口凭证"),
    "user": _("用户"),
}
ACTIONS: dict[str, str | Promise] = {
    "alert.acknowledged": _("确认了告警"),
    "alert_rule.saved": _("设置了告警规则"),
    "appointment.booked": _("预约了面谈"),
    "appointment.cancel": _("取消了预约"),
    "appointment.expire": _("预约过期"),
    "appointment.held": _("占用了时段"),
    "appointment.keep": _("预约已履行"),
    "appointment.move": _("改约"),
    "appointment.reassigned": _("再分配了预约"),
    "audit.verified": _("校验了日志链"),
    "call.end": _("结束了通话"),
    "call.file": _("提交了处理意见"),
    "call.go_live": _("接通了通话"),
    "call.moved": _("通话转到另一媒体节点"),
    "call.opened": _("开始了通话"),
    "call.playout": _("播放了素材"),
    "call.preroll": _("播放了接通前内容"),
    "call.rated": _("评价了服务"),
    "call.recording_started": _("开始了录制"),
    "call.recording_stopped": _("停止了录制"),
    "case.contract_submitted": _("提交了合同信息"),
    "case.node_reached": _("案件到达节点"),
    "case.signing_submitted": _("提交了面签"),
    "channel.added": _("新建了渠道"),
    "channel.deleted": _("删除了渠道"),
    "channel.disabled": _("停用了渠道"),
    "channel.edited": _("修改了渠道"),
    "channel.enabled": _("启用了渠道"),
    "change.approved": _("复核同意了变更"),
    "change.refused": _("复核退回了变更"),
    "change.requested": _("提交了待复核变更"),
    "change.withdrawn": _("撤回了待复核变更"),
    "confirm.withdrawn": _("撤回了确认卡"),
    "consent.given": _("同意了录音录像"),
    "credit.reconciled": _("与信贷系统对账"),
    "device.checked": _("检测了设备"),
    "export.made": _("导出了列表"),
    "export.requested": _("申请了后台导出"),
    "export.taken": _("下载了导出文件"),
    "image.opened": _("查看了影像资料"),
    "loan.confirmed": _("确认了贷款方案"),
    "loan.proposed": _("提交了贷款方案修改"),
    "loan.retried": _("重新回传了贷款方案"),
    "media_worker.drained": _("让媒体节点不再接新的通话"),
    "media.requested": _("请求了媒体连接"),
    "offer.accepted": _("接起了来电"),
    "offer.made": _("分案并振铃"),
    "offer.declined": _("拒接"),
    "offer.missed": _("未应答"),
    "offer.transferred": _("转出了来电"),
    "offer.withdrawn": _("收回了来电"),
    "outbox.retried": _("重新投递了消息"),
    "outbox.skipped": _("跳过了消息"),
    "parameter.set": _("设置了参数"),
    "participant.admitted": _("请入了成员"),
    "participant.joined": _("加入了通话"),
    "participant.left": _("离开了通话"),
    "participant.muted": _("静音"),
    "participant.turned_away": _("谢绝了成员"),
    "participant.unmuted": _("取消静音"),
    "party.admitted": _("通过了准入"),
    "personal.revealed": _("查看了完整个人信息"),
    "playout.ended": _("播放结束"),
    "playout.pause": _("暂停了播放"),
    "playout.resume": _("继续了播放"),
    "playout.started": _("开始了播放"),
    "playout.stop": _("停止了播放"),
    "qc.claimed": _("认领了质检"),
    "qc.commented": _("回复了质检意见"),
    "qc.flag": _("标记了抽检问题"),
    "qc.opened": _("进入了质检"),
    "qc.pass": _("质检通过"),
    "qc.reject": _("质检拒件"),
    "qc.released": _("放回了质检"),
    "qc.return": _("退回重新面谈"),
    "qc.sampled": _("抽取了样本"),
    "qc.second_asked": _("抽取了复评"),
    "qc.second_given": _("提交了复评"),
    "qc.urgent": _("设置了加急"),
    "recording.contract_ended": _("登记了合同结束"),
    "recording.deleted": _("删除了到期录像"),
    "recording.deletion_begun": _("开始删除到期录像"),
    "recording.downloaded": _("下载了录像"),
    "recording.evidence_exported": _("导出了证据包"),
    "recording.fetched": _("取走了录像"),
    "recording.hold_placed": _("设置了法定保留"),
    "recording.hold_released": _("解除了法定保留"),
    "recording.moved_cold": _("录像转入低频存储"),
    "recording.opened": _("打开了录像"),
    "recording.reel_made": _("合成了复核片段"),
    "recording.rebuild_asked": _("重建了录像"),
    "recording.share_withdrawn": _("收回了录像共享"),
    "recording.shared": _("把录像共享给个人"),
    "recording.spool_freed": _("清理了本地录像"),
    "recording.verified": _("验证了录像证据"),
    "recording.watched": _("播放了录像"),
    "request.abandoned": _("放弃了排队"),
    "request.entered": _("进入了排队"),
    "request.transferred": _("转出了排队案件"),
    "role.changed": _("修改了角色"),
    "role.created": _("新建了角色"),
    "role.deleted": _("删除了角色"),
    "row.added": _("新增了记录"),
    "row.changed": _("修改了记录"),
    "row.deleted": _("删除了记录"),
    "rules.discarded": _("放弃了规则草稿"),
    "rules.published": _("发布了分案规则"),
    "rules.saved": _("保存了规则草稿"),
    "script.previewed": _("用案件预览了话术"),
    "seat.capacity_set": _("设置了每日案件处理能力"),
    "seat.changed": _("修改了坐席"),
    "seat.day_off_added": _("设置了休假"),
    "seat.day_off_removed": _("取消了休假"),
    "seat.day_set": _("设置了单日工作时间"),
    "seat.device_check_passed": _("通过了设备检测"),
    "seat.disabled": _("停用了坐席"),
    "seat.enabled": _("启用了坐席"),
    "seat.enter_call": _("进入通话"),
    "seat.finish": _("完成话后整理"),
    "seat.force_out": _("被强制签出"),
    "seat.force_out_asked": _("强制签出了坐席"),
    "seat.grid_set": _("设置了时段"),
    "seat.lose": _("坐席离线"),
    "seat.miss": _("未应答"),
    "seat.loop_recorded": _("记录了设备回环"),
    "seat.next_chosen": _("选择了下一案件"),
    "seat.offer": _("振铃"),
    "seat.pause": _("示忙"),
    "seat.ready": _("示闲"),
    "seat.sign_in": _("签入"),
    "seat.sign_out": _("签出"),
    "seat.week_set": _("设置了每周工作时间"),
    "seat.withdraw": _("振铃取消"),
    "seat.wrap_up": _("话后整理"),
    "share.lost": _("共享中断"),
    "share.started": _("共享了内容"),
    "share.stopped": _("停止了共享"),
    "sms.again": _("重发了短信"),
    "snapshot.deleted": _("删除了抓拍"),
    "snapshot.taken": _("抓拍"),
    "still.asked": _("请客户拍照"),
    "still.failed": _("客户拍照失败"),
    "still.received": _("收到客户照片"),
    "supervision.joined": _("加入了通话（主管）"),
    "supervision.listening": _("旁听了通话"),
    "task.created": _("新建了面谈任务"),
    "task.reversed": _("流程退回"),
    "task.settled": _("面谈任务有了结论"),
    "task.state_changed": _("面谈任务状态变更"),
    "task.superseded": _("面谈任务被取代"),
    "ticket.issued": _("签发了入口凭证"),
    "user.changed": _("修改了用户"),
    "user.created": _("新建了用户"),
    "user.deleted": _("删除了用户"),
    "user.disabled": _("停用了用户"),
    "user.enabled": _("启用了用户"),
    "user.exported": _("导出了用户"),
    "user.locked": _("连续输错密码，用户被锁定"),
    "user.logged_in": _("登录"),
    "user.logged_out": _("退出登录"),
    "user.page_locked": _("无操作，页面被锁定"),
    "user.page_unlocked": _("解锁了页面"),
    "user.password_changed": _("修改了自己的密码"),
    "user.password_reset": _("重置了用户的密码"),
    "user.proved_again": _("再次验证了身份"),
    "user.recovery_code_used": _("使用了恢复码"),
    "user.recovery_codes_made": _("重新生成了恢复码"),
    "user.roles_set": _("设置了用户的角色"),
    "user.second_factor_removed": _("关闭了自己的二次验证"),
    "user.second_factor_reset": _("重置了用户的二次验证"),
    "user.second_factor_set": _("绑定了二次验证"),
    "user.unlocked": _("解锁了用户"),
    "verdict.filed": _("提交了处理意见"),
}
# What of the payload a person reads, by what it is called there.
FACTS: dict[str, str | Promise] = {
    "staff_no": _("工号"),
    "contract_no": _("合同"),
    "code": _("代码"),
    "key": _("名称"),
    "scope": _("范围"),
    "before": _("原值"),
    "after": _("新值"),
    "value": _("值"),
    "fields": _("字段"),
    "gained": _("增加"),
    "lost": _("减少"),
    "reason": _("原因"),
    "reasons": _("原因"),
    "verdict": _("意见"),
    "state": _("状态"),
    "count": _("数量"),
    "calls": _("进行中的通话"),
    "rows": _("行数"),
    "days": _("天数"),
    "kind": _("类别"),
    "name": _("名称"),
    "from_ip": _("来源"),
    "title": _("标题"),
    "told": _("告知客户"),
    "requested_by": _("申请人"),
    "second_factor": _("二次验证"),
}
# What those facts are worth, where a code is written down.
WORDS: dict[str, str | Promise] = {
    "PENDING": _("待面谈"),
    "PASSED": _("已面谈（待提交面签）"),
    "REJECTED": _("已面谈（面谈拒绝）"),
    "PASS": _("通过"),
    "DOUBT": _("存疑"),
    "PARTIAL": _("部分完成"),
    "own": _("本人"),
    "institution": _("本机构及下级"),
    "all": _("全部"),
    "global": _("全局"),
    "amount": _("贷款金额"),
    "term_months": _("贷款期限"),
    "annual_rate": _("年利率"),
    "disbursement": _("放款方式"),
    "repayment_bank": _("还款银行"),
    "repayment_account": _("还款账号"),
    "repayment_day": _("还款日"),
}
WORDED = frozenset({"state", "verdict", "scope", "fields"})
MOST_FACT_CHARS = 80


def sentence(entry: AuditEntry) -> str:
    """ "S1001 修改了角色 seat（增加：videos.view）": who, what, to what, with what facts."""
    who = entry.actor_name or str(ACTORS.get(entry.actor_kind, entry.actor_kind))
    if entry.actor_kind == "system":
        who = str(ACTORS["system"])
    what = label_of(entry.action)
    facts = [f"{FACTS[name]}：{_shown(name, value)}" for name, value in facts_of(entry).items()
             if name in FACTS and value not in (None, "", [], {})]  # fmt: skip
    return f"{who} {what}" + (f"（{'；'.join(facts)}）" if facts else "")


def label_of(action: str) -> str:
    """The words for an action; its code for one that has none yet."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    kind = action.split(".", maxsplit=1)[0]
    known = OBJECTS.get(kind)
    return f"{known} · {action}" if known else action


def object_of(entry: AuditEntry) -> str:
    kind = str(OBJECTS.get(entry.object_type, entry.object_type))
    return f"{kind} {entry.object_id}"


def facts_of(entry: AuditEntry) -> dict[str, Any]:
    """The payload as it was written; {} when it is no object."""
    found = json.loads(entry.payload)
    return found if isinstance(found, dict) else {}


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _now("是") if value else _now("否")
    words = [str(each) for each in (value if isinstance(value, list) else [value])]
    if name in WORDED:
        words = [str(WORDS.get(each, each)) for each in words]
    text = "、".join(words)
    return text if len(text) <= MOST_FACT_CHARS else text[:MOST_FACT_CHARS] + "…"
