"""`manage.py doctor`: what works and what does not, for the person who runs the system."""

import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from operations.checks import findings, is_ready


class Command(BaseCommand):
    help = "检查系统各部分是否正常（examine the running system）"

    def handle(self, *args: Any, **options: Any) -> None:
        found = findings()
        for name, finding in found.items():
            mark = self.style.SUCCESS("✓") if finding.ok else self.style.ERROR("✗")
            if finding.warning:
                mark = self.style.WARNING("!")
            self.stdout.write(f"{mark} {name:<11} {finding.detail}")
        self.stdout.write(f"  {_('设置')}        {settings.SETTINGS_MODULE}")
        self.stdout.write(f"  {_('录制盘')}      {settings.SPOOL_DIR}")
        self.stdout.write(f"  {_('存储')}        {settings.STORAGE_DIR}")
        for program, use in (("chromium", _("浏览器测试")), ("node", _("前端检查"))):
            where = shutil.which(program) or _("未安装")
            self.stdout.write(f"  {program:<11} {where}（{use}）")
        if not is_ready(found):
            raise CommandError(_("系统未就绪：请按上面标 ✗ 的项目处理"))
