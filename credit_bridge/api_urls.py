"""The partner API under /api/partner/v1/."""

from django.urls import path

from .api import TasksByPhoneView, TaskView, TimetableView

urlpatterns = [
    path("tasks", TasksByPhoneView.as_view(), name="partner-tasks"),
    path("tasks/<uuid:task_id>", TaskView.as_view(), name="partner-task"),
    path("timetable", TimetableView.as_view(), name="partner-timetable"),
]
