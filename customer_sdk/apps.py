from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomerSdkConfig(AppConfig):
    name = "customer_sdk"
    verbose_name = _("视频面谈SDK")
