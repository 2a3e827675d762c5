"""The customer's pages, under /h5/."""

from django.urls import path

from .views import call_page, check_page

app_name = "customer_sdk"
urlpatterns = [
    path("call/", call_page, name="call"),
    path("check/", check_page, name="check"),
]
