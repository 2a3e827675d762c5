"""Whatever is saved in the back office leaves an entry in the log (S:V5, V6)."""

import pytest
from django.contrib import admin
from django.test import Client

from accounts.admin_access import OperationAdmin
from accounts.models import Institution, User
from audit.models import AuditEntry
from audit.sentences import sentence

# Their services write the entry, in the words of the module.
BY_THEMSELVES = {"Role", "User", "Channel", "Script", "MediaItem", "RetentionRule"}


@pytest.mark.django_db
def test_adding_changing_and_deleting_are_each_one_entry():
    client = Client()
    client.force_login(User.objects.create_superuser("root", "test-password", name="root"))
    form = "/admin/accounts/institution/"

    client.post(f"{form}add/", {"code": "1", "name": "总行"})
    row = Institution.objects.get()
    client.post(f"{form}{row.pk}/change/", {"code": "1", "name": "总行营业部"})
    client.post(f"{form}{row.pk}/delete/", {"post": "yes"})

    told = list(AuditEntry.objects.filter(object_type="institution").order_by("pk"))
    assert [entry.action for entry in told] == ["row.added", "row.changed", "row.deleted"]
    assert sentence(told[1]) == (
        "root 修改了机构（名称：总行营业部（1）；机构名称：总行 → 总行营业部）"
    )
    assert sentence(told[2]) == "root 删除了机构（名称：总行营业部（1））"
    assert not Institution.objects.exists()


def test_no_form_of_the_back_office_is_outside_of_it():
    ours = [each for each in admin.site._registry.values() if isinstance(each, OperationAdmin)]
    by_themselves = {each.model.__name__ for each in ours if each.audits_itself}

    assert by_themselves == BY_THEMSELVES
    for each in ours:
        for name in ("log_addition", "log_change", "log_deletions"):
            assert getattr(type(each), name) is getattr(OperationAdmin, name), (each, name)
    others = [
        each for each in admin.site._registry.values() if not isinstance(each, OperationAdmin)
    ]
    assert {each.model._meta.app_label for each in others} <= {"axes"}
