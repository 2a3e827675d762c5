from django.urls import path

from . import views

app_name = "appointments"
urlpatterns = [
    path("", views.index, name="index"),
    path("hours", views.work_time, name="work_time"),
    path("users/<int:user_id>/enable", views.enable, name="enable"),
    path("<int:seat_id>/", views.month, name="month"),
    path("<int:seat_id>/reassign", views.reassign, name="reassign"),
    path("<int:seat_id>/disable", views.disable, name="disable"),
    path("<int:seat_id>/sign-out", views.sign_out, name="sign_out"),
    path("<int:seat_id>/pause", views.pause, name="pause"),
]
