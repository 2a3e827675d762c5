from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InterviewsConfig(AppConfig):
    name = "interviews"
    verbose_name = _("面谈")

    def ready(self) -> None:
        from . import handlers  # noqa: F401 - registers itself
