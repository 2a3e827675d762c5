from django.urls import path

from . import rule_pages

app_name = "dispatch"

urlpatterns = [
    path("", rule_pages.editor, name="rules"),
    path("check", rule_pages.check, name="check"),
    path("draft", rule_pages.save, name="save"),
    path("publish", rule_pages.publish, name="publish"),
    path("discard", rule_pages.discard, name="discard"),
    path("replay", rule_pages.replay, name="replay"),
    path("replay/<str:trial_id>", rule_pages.replayed, name="replayed"),
    path("one", rule_pages.one, name="one"),
    path("versions/", rule_pages.versions, name="versions"),
]
