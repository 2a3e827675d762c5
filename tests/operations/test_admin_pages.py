"""Every module's pages open for those whose roles open them, and for nobody else."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.admin_access import OperationAdmin
from accounts.models import Role, User
from accounts.operations import ALL_OPERATIONS

pytestmark = pytest.mark.django_db
MODELS = [
    model for model, shown in admin.site._registry.items() if isinstance(shown, OperationAdmin)
]


def entered(staff_no, operations):
    role = Role.objects.create(code=staff_no, name=staff_no, operations=operations, scope="all")
    user = User.objects.create_user(staff_no, "test-password", name=staff_no, is_staff=True)
    user.roles.set([role])
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_a_list_opens_by_its_operation_only(model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    assert entered("all", sorted(ALL_OPERATIONS)).get(url).status_code == 200
    assert entered("none", []).get(url).status_code == 403
    assert Client().get(url).status_code == 302


@pytest.mark.parametrize(
    "model",
    [m for m in MODELS if getattr(admin.site._registry[m], "manage_operation", "")],
    ids=lambda m: m.__name__,
)
def test_a_form_opens_for_those_who_manage(model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")

    assert entered("all", sorted(ALL_OPERATIONS)).get(url).status_code == 200
