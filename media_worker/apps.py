from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaWorkerConfig(AppConfig):
    name = "media_worker"
    verbose_name = _("媒体节点")
