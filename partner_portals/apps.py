from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnerPortalsConfig(AppConfig):
    name = "partner_portals"
    verbose_name = _("合作系统页面")
