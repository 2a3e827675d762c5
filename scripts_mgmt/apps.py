from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScriptsMgmtConfig(AppConfig):
    name = "scripts_mgmt"
    verbose_name = _("话术管理")
