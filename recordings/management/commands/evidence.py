"""`manage.py evidence`: examine, anchor, change keys, export (docs/evidence.md)."""

import datetime as dt
import json
import shutil
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from common.actor import Actor, ActorKind
from common.errors import DomainError
from evidence.errors import SealingFailed
from evidence.models import Anchor, SigningKey
from evidence.offline.verify_evidence import EXPLAINED
from evidence.services import key_in_use, rotate_key
from recordings import services
from recordings.models import Recording
from recordings.states import Stage

OPERATOR = Actor(ActorKind.SYSTEM, "manage.py", "manage.py")
EXIT_OK, EXIT_FAULT, EXIT_UNREADABLE = 0, 1, 2
_EXPLAINED = {
    **EXPLAINED,
    "not_sealed": "没有清单",
    "seal_missing": "数据库中没有该清单的封存记录",
    "row_disagrees": "数据库记录与清单不符",
    "anchor_missing": "锚定序列中断",
}


class Command(BaseCommand):
    help = "录像证据：验证、锚定、密钥、导出（examine recordings and their evidence）"

    def add_arguments(self, parser: ArgumentParser) -> None:
        orders = parser.add_subparsers(dest="order", required=True)
        verify = orders.add_parser("verify", help="验证：0 全部一致，1 有不符，2 无法读取")
        verify.add_argument("calls", nargs="*", type=UUID, metavar="CALL")
        verify.add_argument("--all", action="store_true", help="全部已入库录像与全部锚定")
        verify.add_argument("--since", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        verify.add_argument("--json", action="store_true", help="每份录像一行 JSON")
        orders.add_parser("anchor", help="立即锚定已结束的各日")
        orders.add_parser("anchors", help="各日树根，供打印或向外部留存")
        orders.add_parser("keys", help="公钥链（没有密钥时生成第一把）")
        rotate = orders.add_parser("rotate-key", help="更换签名密钥")
        rotate.add_argument("--reason", required=True)
        export = orders.add_parser("export", help="导出一次通话的证据包")
        export.add_argument("call", type=UUID)
        export.add_argument("out", type=Path)
        export.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        order = str(options["order"]).replace("-", "_")
        try:
            getattr(self, f"do_{order}")(options)
        except SealingFailed as refused:
            raise CommandError(f"签名程序未能完成：{refused}") from refused
        except DomainError as refusal:
            raise CommandError(refusal.text) from refusal

    # --- verify -----------------------------------------------------------------------------

    def do_verify(self, options: dict[str, Any]) -> None:
        """Raises SystemExit with the status when it is not 0."""
        status = EXIT_OK
        for verdict in map(services.check_recording, self._wanted(options)):
            if verdict.unreadable:
                status = EXIT_UNREADABLE
            elif verdict.faults:
                status = status or EXIT_FAULT
            if options["json"]:
                self.stdout.write(json.dumps(verdict.as_json(), ensure_ascii=False))
                continue
            if verdict.ok:
                anchored = "，已锚定" if verdict.anchored else ""
                self.stdout.write(f"✓ {verdict.call_id} {verdict.files} 个文件{anchored}")
            else:
                self.stdout.write(f"✗ {verdict.call_id} {verdict.unreadable}")
            for fault in verdict.faults:
                self.stdout.write(f"  ! {fault.code} {fault.where}: {_EXPLAINED[fault.code]}")
        if options["all"]:
            for fault in services.check_anchors():
                status = status or EXIT_FAULT
                row = {"anchor": fault.where, "ok": False, "faults": [{"code": fault.code}]}
                text = f"✗ {fault.where} {fault.code}"
                self.stdout.write(json.dumps(row, ensure_ascii=False) if options["json"] else text)
        if status:
            raise SystemExit(status)

    def _wanted(self, options: dict[str, Any]) -> Iterable[Recording]:
        sealed = (Stage.SEALED, Stage.STORED)
        found = Recording.objects.select_related("call").order_by("created_at")
        if options["calls"]:
            recordings = list(found.filter(call_id__in=options["calls"]))
            if len(recordings) != len(set(options["calls"])):
                raise CommandError("没有该通话的录像")
            return recordings
        if options["since"]:
            begin = timezone.make_aware(dt.datetime.combine(options["since"], dt.time.min))
            found = found.filter(created_at__gte=begin)
        elif not options["all"]:
            raise CommandError("请给出通话编号，或 --all、--since")
        return found.filter(stage__in=sealed).iterator(chunk_size=200)

    # --- anchors and keys -------------------------------------------------------------------

    def do_anchor(self, _options: dict[str, Any]) -> None:
        for anchor in services.anchor_days():
            self.stdout.write(f"{anchor.day} {anchor.count} {anchor.root}")

    def do_anchors(self, _options: dict[str, Any]) -> None:
        for anchor in Anchor.objects.order_by("number"):
            self.stdout.write(f"{anchor.number} {anchor.day} {anchor.count} {anchor.root}")

    def do_keys(self, _options: dict[str, Any]) -> None:
        key_in_use()
        for key in SigningKey.objects.order_by("number"):
            begin = timezone.localtime(key.valid_from).isoformat(" ", "seconds")
            self.stdout.write(f"{key.number} {key.kid} {begin}")

    def do_rotate_key(self, options: dict[str, Any]) -> None:
        self.stdout.write(rotate_key(actor=OPERATOR, reason=options["reason"]).kid)

    # --- export -----------------------------------------------------------------------------

    def do_export(self, options: dict[str, Any]) -> None:
        recording = Recording.objects.select_related("call").filter(call_id=options["call"]).first()
        if recording is None:
            raise CommandError("没有该通话的录像")
        with (
            services.export_evidence(
                recording, reason=options["reason"], actor=OPERATOR
            ) as package,
            options["out"].open("wb") as file,
        ):
            shutil.copyfileobj(package, file)
        self.stdout.write(str(options["out"]))
