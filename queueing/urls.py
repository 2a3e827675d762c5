from django.urls import path

from . import alert_pages, views

app_name = "queueing"

urlpatterns = [
    path("", views.wallboard, name="wallboard"),
    path("board.json", views.board, name="board"),
    path("staffing/", views.plan, name="staffing"),
    path("line/", views.line, name="line"),
    path("alerts/", alert_pages.alerts, name="alerts"),
    path("alerts/live.json", alert_pages.live, name="alerts_live"),
    path("alerts/rules", alert_pages.save, name="alert_rule_new"),
    path("alerts/rules/<int:rule_id>", alert_pages.save, name="alert_rule"),
    path("alerts/<int:alert_id>/acknowledge", alert_pages.acknowledge, name="acknowledge"),
    path("requests/<uuid:request_id>/", views.why, name="why"),
    path("requests/<uuid:request_id>/transfer", views.transfer, name="transfer"),
    path("calls/<uuid:call_id>/why", views.why_call, name="why_call"),
    path("tasks/<uuid:task_id>/why", views.why_task, name="why_task"),
    path("seats/<int:seat_id>/pause", views.act_on_seat, {"act": "pause"}, name="pause"),
    path("seats/<int:seat_id>/ready", views.act_on_seat, {"act": "ready"}, name="ready"),
    path("seats/<int:seat_id>/sign-out", views.act_on_seat, {"act": "sign-out"}, name="sign_out"),
]
