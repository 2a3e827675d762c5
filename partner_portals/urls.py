from django.urls import path

from . import views

app_name = "partner_portals"

urlpatterns = [
    path("customer/", views.customer, name="customer"),
    path("customer/call", views.call, name="call"),
]
