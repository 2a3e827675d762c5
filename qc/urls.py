from django.urls import path

from . import views

app_name = "qc"

urlpatterns = [
    path("", views.queue, name="queue"),
    path("next", views.take_next, name="next"),
    path("results/", views.results, name="results"),
    path("samples/", views.samples, name="samples"),
    path("report/", views.report, name="report"),
    path("agreement/", views.agreement, name="agreement"),
    path("second/ask", views.ask_second, name="ask_second"),
    path("second/next", views.take_second, name="take_second"),
    path("second/<int:opinion_id>/", views.second, name="second"),
    path("clips/", views.clips, name="clips"),
    path("clips/<int:clip_id>", views.note_clip, name="note_clip"),
    path("<int:review_id>/clips", views.cut_clip, name="cut_clip"),
    path("<int:review_id>/", views.review, name="review"),
    path("<int:review_id>/panels/<slug:code>", views.panel, name="panel"),
    path("<int:review_id>/claim", views.claim, name="claim"),
    path("<int:review_id>/assign", views.assign, name="assign"),
    path("<int:review_id>/urgent", views.urgent, name="urgent"),
    path("<int:review_id>/decide", views.decide, name="decide"),
    path("<int:review_id>/comment", views.comment, name="comment"),
]
