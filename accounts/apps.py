from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("权限管理")

    def ready(self) -> None:
        from axes.signals import user_locked_out

        from . import handlers

        user_logged_in.connect(handlers.mark_login, dispatch_uid="accounts.mark_login")
        user_locked_out.connect(handlers.note_lock, dispatch_uid="accounts.note_lock")
