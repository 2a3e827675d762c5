"""`manage.py index_recordings`: old recordings are found by their words, too."""

from typing import Any

from django.core.management.base import BaseCommand

from recordings import services
from recordings.models import ArchiveEntry

BATCH = 200


class Command(BaseCommand):
    help = "为旧录像补建检索内容（标签、聊天、话术步骤）；可随时中断，再次运行从中断处继续"

    def handle(self, *args: Any, **options: Any) -> None:
        """Newest first; what `recordings.tasks.keep` does little by little, at once."""
        left = ArchiveEntry.objects.filter(is_whole=False).count()
        self.stdout.write(f"{left} 份待补建")
        done = 0
        while count := services.index_old(BATCH):
            done += count
            self.stdout.write(f"已补建 {done} / {left}")
