from django.urls import path

from . import credit_views, customer_views, manager_views

app_name = "partner_portals"

urlpatterns = [
    path("customer/", customer_views.customer, name="customer"),
    path("customer/call", customer_views.call, name="call"),
    path("customer/check", customer_views.check, name="check"),
    path("customer/loan/<str:contract_no>", customer_views.loan, name="loan"),
    path(
        "customer/loan/<str:contract_no>/reschedule", customer_views.reschedule, name="reschedule"
    ),
    path("steps/<str:contract_no>", customer_views.steps, name="steps"),
    path("bank-app/<str:contract_no>", customer_views.bank_app, name="bank_app"),
    path("slots/<str:staff_no>", customer_views.slots, name="slots"),
    path("manager/", manager_views.cases, name="manager"),
    path("manager/<str:contract_no>", manager_views.case, name="manager_case"),
    path(
        "manager/<str:contract_no>/contract", manager_views.submit_contract, name="manager_contract"
    ),
    path("manager/<str:contract_no>/book", manager_views.book, name="manager_book"),
    path("manager/<str:contract_no>/booked", manager_views.booked, name="manager_booked"),
    path("manager/<str:contract_no>/loan", manager_views.loan, name="manager_loan"),
    path("credit/", credit_views.credit, name="credit"),
    path("credit/<str:contract_no>", credit_views.act, name="credit_act"),
]
