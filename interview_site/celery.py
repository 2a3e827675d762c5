"""The Celery application. A task is a wake-up call: the row it names is the job."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interview_site.settings.dev")

app = Celery("interview_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
