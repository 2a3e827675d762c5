from django.urls import path

from . import views

app_name = "marketing_media"
urlpatterns = [
    path("items/<int:item_id>/uploads", views.begin, name="begin"),
    path("items/<int:item_id>/state", views.state, name="state"),
    path("items/<int:item_id>/preview", views.preview, name="preview"),
    path("items/<int:item_id>/poster", views.poster, name="poster"),
    path("uploads/<uuid:upload_id>", views.upload, name="upload"),
]
