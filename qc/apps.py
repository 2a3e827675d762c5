from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QcConfig(AppConfig):
    name = "qc"
    verbose_name = _("质检管理")

    def ready(self) -> None:
        from . import handlers  # noqa: F401 - registers itself
