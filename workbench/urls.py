from django.urls import path

from . import script_preview, views

app_name = "workbench"

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("scripts/<int:script_id>/preview", script_preview.preview, name="script-preview"),
    path("calls/<uuid:call_id>/case.json", views.case, name="case"),
    path("tasks/<uuid:task_id>/case.json", views.ahead, name="ahead"),
    path("calls/<uuid:call_id>/reveal", views.reveal, name="reveal"),
]
