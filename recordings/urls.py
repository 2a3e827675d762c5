from django.urls import path

from . import views

app_name = "recordings"

urlpatterns = [
    path("", views.index, name="index"),
    path("<uuid:call_id>/", views.detail, name="detail"),
    path("<uuid:call_id>/review.json", views.review, name="review"),
    path("<uuid:call_id>/raw/<str:file>", views.raw, name="raw"),
    path("<uuid:call_id>/snapshots/<uuid:snapshot_id>", views.snapshot, name="snapshot"),
    path("<uuid:call_id>/play", views.play, name="play"),
    path("<uuid:call_id>/download", views.download, name="download"),
]
