from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CreditBridgeConfig(AppConfig):
    name = "credit_bridge"
    verbose_name = _("信贷对接")

    def ready(self) -> None:
        from . import archive_panel, handlers  # noqa: F401 - register themselves
