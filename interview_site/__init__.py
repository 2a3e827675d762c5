"""Settings, URLs, ASGI and Celery wiring. No rules live here."""

from .celery import app as celery_app

__all__ = ("celery_app",)
