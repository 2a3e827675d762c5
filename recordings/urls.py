from django.urls import path

from . import evidence_views, share_views, views

app_name = "recordings"

urlpatterns = [
    path("", views.index, name="index"),
    path("regions.json", views.regions, name="regions"),
    path("troubles/", views.troubles, name="troubles"),
    path("troubles/<uuid:recording_id>/rebuild", views.rebuild, name="rebuild"),
    path("capacity/", views.capacity, name="capacity"),
    path("shared/", share_views.shared, name="shared"),
    path("<uuid:call_id>/share", share_views.share, name="share"),
    path("<uuid:call_id>/share/<int:share_id>", share_views.withdraw, name="withdraw_share"),
    path("<uuid:call_id>/hold", views.hold, name="hold"),
    path("saved", views.save_search, name="save_search"),
    path("<uuid:call_id>/", views.detail, name="detail"),
    path("<uuid:call_id>/panels/<slug:code>", views.panel, name="panel"),
    path("<uuid:call_id>/review.json", views.review, name="review"),
    path("<uuid:call_id>/watched", views.watched, name="watched"),
    path("<uuid:call_id>/raw/<str:file>", views.raw, name="raw"),
    path("<uuid:call_id>/snapshots/<uuid:snapshot_id>", views.snapshot, name="snapshot"),
    path("<uuid:call_id>/evidence/verify", evidence_views.verify, name="verify_evidence"),
    path("<uuid:call_id>/evidence/export", evidence_views.export, name="export_evidence"),
    path("<uuid:call_id>/play", views.play, name="play"),
    path("<uuid:call_id>/download", views.download, name="download"),
    path("<uuid:call_id>/reel", views.reel, name="reel"),
    path("<uuid:call_id>/file", views.fetch, name="fetch"),
]
