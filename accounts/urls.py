from django.urls import path
from django.views.generic import RedirectView

from . import change_views, proof_views, views

urlpatterns = [
    path("login", views.Login.as_view(), name="login"),
    path("login/second", proof_views.second_step, name="second_step"),
    path("password", views.password, name="password"),
    path("second-factor", proof_views.own_second_factor, name="second_factor"),
    path("changes/", change_views.index, name="changes"),
    path("changes/<int:change_id>", change_views.decide, name="decide_change"),
    path("columns", views.columns, name="columns"),
    path("again", proof_views.again, name="again"),
    path("idle", views.idle, name="idle"),
    # The back office has no log-in of its own: one pathway, one counter (S:A1).
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
]
