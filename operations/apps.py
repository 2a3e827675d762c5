from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = _("运行")

    def ready(self) -> None:
        from . import wiring

        wiring.connect()
