"""What asks who it is once more when the last proof is too long ago (ASVS 7.5.3, S:A10).

One table: the names of the routes whose POST asks. `accounts.middleware` looks here.
"""

from django.http import HttpRequest

SENSITIVE = frozenset(
    {
        "second_factor",
        "decide_change",
        "exports:new",
        "exports:take",
        "admin:accounts_user_add",
        "admin:accounts_user_change",
        "admin:accounts_act",
        "admin:accounts_import",
        "admin:accounts_role_add",
        "admin:accounts_role_change",
        "admin:accounts_role_delete",
        "admin:parameters_detail",
        "admin:parameters_roll_back",
        "admin:recordings_retentionrule_add",
        "admin:recordings_retentionrule_change",
        "admin:recordings_retentionrule_delete",
        "recordings:download",
        "recordings:export_evidence",
        "recordings:hold",
        "recordings:share",
        "workbench:reveal",
    }
)


def is_sensitive(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and request.method == "POST" and match.view_name in SENSITIVE
