from django.urls import path

from . import views

app_name = "exports"

urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.new, name="new"),
    path("state", views.state, name="state"),
    path("<uuid:job_id>/file", views.take, name="take"),
]
