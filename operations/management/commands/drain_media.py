"""`manage.py drain_media`: a media worker takes no new calls and may be stopped once none is left."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from common.actor import SYSTEM
from common.errors import DomainError
from media_worker.selectors import live_workers
from media_worker.services import drain


class Command(BaseCommand):
    help = (
        "让媒体服务进程不再接新的通话（let a media worker take no new calls）；已有的通话不受影响"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "worker_id",
            nargs="?",
            help="省略时，只有一个在线进程才可以（may be left out when one lives）",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        worker_id = options["worker_id"] or self._only_one()
        try:
            calls = drain(worker_id, actor=SYSTEM)
        except DomainError as refusal:
            raise CommandError(f"{worker_id}：{refusal}") from refusal
        if calls:
            text = _(
                "%(worker)s 不再接新的通话，还有 %(calls)d 路进行中，结束后即可停止；再次运行可查看"
            )
        else:
            text = _("%(worker)s 不再接新的通话，没有进行中的通话，可以停止")
        self.stdout.write(text % {"worker": worker_id, "calls": calls})
        if not live_workers().filter(draining=False).exists():
            self.stderr.write(
                self.style.WARNING(_("没有其他可用的媒体服务进程：新的通话暂不能接通"))
            )

    @staticmethod
    def _only_one() -> str:
        alive = list(live_workers().order_by("worker_id").values_list("worker_id", flat=True))
        if not alive:
            raise CommandError(_("没有在线的媒体服务进程"))
        if len(alive) > 1:
            names = "、".join(alive)
            raise CommandError(_("请写明媒体服务进程：%(names)s") % {"names": names})
        return alive[0]
