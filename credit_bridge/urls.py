from django.urls import path

from . import views

app_name = "credit_bridge"

urlpatterns = [
    path("", views.messages_page, name="messages"),
    path("messages/<int:message_id>", views.act, name="act"),
    path("calls/<uuid:call_id>/images/<str:image_id>", views.image, name="image"),
    path("reconciliation", views.reconciliation, name="reconciliation"),
    path("reconciliation/<int:run_id>.csv", views.report, name="report"),
]
