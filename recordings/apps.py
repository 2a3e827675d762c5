from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordingsConfig(AppConfig):
    name = "recordings"
    verbose_name = _("视频管理")

    def ready(self) -> None:
        from . import (
            audience_panel,  # noqa: F401 - registers itself
            handlers,  # noqa: F401 - registers the outbox handlers
        )
