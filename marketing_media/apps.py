from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingMediaConfig(AppConfig):
    name = "marketing_media"
    verbose_name = _("营销管理")
