"""The operators' self-check: one interview through the running system, without a browser."""

import asyncio
import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from operations.rehearsal.run import rehearse

LABELS = {
    "ok": "结果",
    "step": "步骤",
    "problem": "问题",
    "connect_ms": "接听到双方接通（毫秒）",
    "recorded_s": "录制时长（秒）",
    "skew_ms": "声画偏差最大（毫秒）",
    "mp4_path": "合成录像",
    "mp4_bytes": "大小（字节）",
    "task_state": "任务状态",
}


class Command(BaseCommand):
    help = "Run one interview through the running system and report. Exit code 1 when it failed."
    requires_system_checks: list[str] = []  # it checks the running system, not this process

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--seconds", type=float, default=6.0, help="length of the talk")
        parser.add_argument("--base-url", default="", help="default: WEB_INTERNAL_URL")

    def handle(self, *args: Any, **options: Any) -> None:
        base_url = (options["base_url"] or settings.WEB_INTERNAL_URL).rstrip("/")
        report = asyncio.run(rehearse(base_url, talk_s=options["seconds"])).as_dict()
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            for name, label in LABELS.items():
                value = "通过" if report[name] is True else report[name]
                self.stdout.write(f"{label}：{'失败' if value is False else value}")
        if not report["ok"]:
            raise SystemExit(1)
