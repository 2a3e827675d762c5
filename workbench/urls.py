from django.urls import path

from . import views

app_name = "workbench"

urlpatterns = [
    path("", views.workbench, name="workbench"),
    path("calls/<uuid:call_id>/case.json", views.case, name="case"),
    path("calls/<uuid:call_id>/images/<str:image_id>", views.image, name="image"),
]
