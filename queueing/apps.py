from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QueueingConfig(AppConfig):
    name = "queueing"
    verbose_name = _("分案规则")

    def ready(self) -> None:
        from . import archive_panel  # noqa: F401 - registers itself
