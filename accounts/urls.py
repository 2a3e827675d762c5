from django.urls import path
from django.views.generic import RedirectView

from . import views

urlpatterns = [
    path("login", views.Login.as_view(), name="login"),
    path("password", views.password, name="password"),
    # The back office has no log-in of its own: one pathway, one counter (S:A1).
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
]
