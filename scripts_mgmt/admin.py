"""话术管理 (SCR-1): versions, steps, which script applies and why, an example of the text."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import StackedOperationInline, SwitchedAdmin
from accounts.form_changes import form_changes
from accounts.selectors import request_actor
from common.actor import Actor

from . import services
from .models import Script, ScriptStep
from .selectors import Why, explained, fill, media_choices, places_of, versions_of
from .variables import VARIABLES

WHY = {
    Why.CHOSEN: _("适用"),
    Why.LESS_SPECIFIC: _("符合，但另一话术更具体"),
    Why.SUPERSEDED: _("符合，但已被新版本取代"),
    Why.NOT_YET: _("尚未生效"),
    Why.DISABLED: _("未启用"),
    Why.OTHER_CHANNEL: _("渠道不符"),
    Why.OTHER_PRODUCT: _("产品不符"),
    Why.OTHER_BUSINESS: _("业务种类不符"),
    Why.DEFAULT_NOT_NEEDED: _("默认话术，已有更合适的话术"),
}


class StepForm(forms.ModelForm[ScriptStep]):
    media_item_id = forms.TypedChoiceField(
        label=_("播放素材"), required=False, coerce=int, empty_value=None
    )

    class Meta:
        model = ScriptStep
        fields = [
            "order",
            "title",
            "kind",
            "required",
            "text",
            "key_points",
            "guide",
            "media_item_id",
            "card",
        ]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "key_points": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        media = self.fields["media_item_id"]
        assert isinstance(media, forms.ChoiceField)  # noqa: S101 - declared above
        choices: list[tuple[Any, str]] = [("", "–"), *media_choices()]
        held = self.instance.media_item_id
        if held and held not in dict(choices):
            choices.append((held, str(_("素材 {id}（已停用或删除）")).format(id=held)))
        media.choices = choices


class StepInline(StackedOperationInline):
    manage_operation = "scripts.manage"
    model = ScriptStep
    form = StepForm
    readonly_fields = ["played"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # Read only, an id says nothing.
        media = "media_item_id" if self._manages(request) else "played"
        return [
            ("order", "title", "kind", "required"),
            ("text", "key_points"),
            ("guide", media, "card"),
        ]

    @admin.display(description=_("播放素材"))
    def played(self, step: ScriptStep) -> str:
        return dict(media_choices()).get(step.media_item_id or 0, "–")

    def _manages(self, request: HttpRequest) -> bool:
        return super()._manages(request) and not getattr(request, "script_is_locked", False)


class ApplyForm(forms.Form):
    channel = forms.CharField(label=_("渠道代码"), required=False, max_length=40)
    product = forms.CharField(label=_("产品代码"), required=False, max_length=40)
    business = forms.CharField(label=_("业务种类"), required=False, max_length=40)
    at = forms.DateTimeField(
        label=_("时间"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


@admin.register(Script)
class ScriptAdmin(SwitchedAdmin):
    counted = _("份话术")
    view_operation = "scripts.view"
    manage_operation = "scripts.manage"
    list_display = [
        "title",
        "version",
        "channel",
        "product",
        "business_type",
        "is_default",
        "state",
        "effective_from",
        "updated_at",
    ]
    list_filter = ["enabled", "is_default"]
    search_fields = [
        "title",
        "channel_code",
        "channel_name",
        "product_code",
        "product_name",
        "business_type",
    ]
    search_help_text = _("话术名称、渠道、产品、业务种类（模糊查询）")
    list_per_page = 50
    fields = [
        "title",
        ("channel_code", "channel_name"),
        ("product_code", "product_name"),
        "business_type",
        "to_bring",
        "is_default",
        "effective_from",
    ]
    inlines = [StepInline]
    change_form_template = "admin/scripts_mgmt/script/change_form.html"
    change_list_template = "admin/scripts_mgmt/script/change_list.html"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        own = [
            path("apply/", wrap(self.apply), name="scripts_apply"),
            path("<int:script_id>/next/", wrap(self.next_version), name="scripts_next"),
            path("<int:script_id>/uses/", wrap(self.uses), name="scripts_uses"),
            path("<int:script_id>/example/", wrap(self.example), name="scripts_example"),
        ]
        return own + super().get_urls()

    @admin.display(description=_("渠道"), ordering="channel_code")
    def channel(self, script: Script) -> str:
        return f"{script.channel_name} {script.channel_code}".strip() or str(_("不限"))

    @admin.display(description=_("产品"), ordering="product_code")
    def product(self, script: Script) -> str:
        return f"{script.product_name} {script.product_code}".strip() or str(_("不限"))

    @admin.display(description=_("状态"), ordering="enabled")
    def state(self, script: Script) -> SafeString:
        if not script.enabled:
            look, word = "is-off", _("停用") if script.is_locked else _("草稿")
        elif script.effective_from > timezone.now():
            look, word = "is-busy", _("待生效")
        else:
            look, word = "is-idle", _("启用")
        return format_html('<span class="chip {}">{}</span>', look, word)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        locked = isinstance(obj, Script) and obj.is_locked
        # The steps ask with the request only.
        request.script_is_locked = locked  # type: ignore[attr-defined]
        return super().has_change_permission(request, obj) and not locked

    def set_enabled(self, ids: list[int], *, enabled: bool, actor: Actor) -> int:
        return services.set_enabled(ids, enabled=enabled, actor=actor)

    def delete_row(self, row_id: int, *, actor: Actor) -> None:
        services.delete_script(row_id, actor=actor)

    def save_model(self, request: HttpRequest, obj: Script, form: Any, change: bool) -> None:
        """A new script is a draft until it is enabled."""
        if not change:
            obj.enabled = False
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.note(
            form.instance,
            "edited" if change else "added",
            actor=request_actor(request),
            **form_changes(form, formsets, add=not change),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        script = self.get_object(request, object_id)
        extra = {
            "script": script,
            "versions": versions_of(script) if isinstance(script, Script) else [],
            "may_manage": self.has_manage_permission(request),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["variables"] = ["{" + name + "}" for name in VARIABLES]
        return super().render_change_form(request, context, *args, **kwargs)

    def next_version(self, request: HttpRequest, script_id: int) -> HttpResponse:
        if not self.has_manage_permission(request):
            raise PermissionDenied
        if request.method != "POST" or not Script.objects.filter(pk=script_id).exists():
            raise Http404
        draft = services.next_version(script_id, actor=request_actor(request))
        self.message_user(
            request, _("已建立新版本草稿，修改后请设置生效时间并启用。"), messages.SUCCESS
        )
        return redirect("admin:scripts_mgmt_script_change", draft.pk)

    def apply(self, request: HttpRequest) -> HttpResponse:
        """Which script applies to a channel, product and business type, and why not the others."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ApplyForm(request.GET or None)
        found = None
        if form.is_valid():
            asked = form.cleaned_data
            found = [
                {"script": candidate.script, "why": WHY[candidate.why], "code": candidate.why.value}
                for candidate in explained(
                    asked["channel"], asked["product"], asked["business"], asked["at"]
                )
            ]
        return self._page(request, "apply", title=_("适用试算"), form=form, found=found)

    def uses(self, request: HttpRequest, script_id: int) -> HttpResponse:
        """Which channels and products read this script now: what a change of it touches."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        script = Script.objects.filter(pk=script_id).first()
        if script is None:
            raise Http404
        is_due = script.enabled and script.effective_from > timezone.now()
        found = places_of(script, script.effective_from if is_due else None)
        return self._page(
            request,
            "uses",
            title=_("使用范围"),
            script=script,
            is_due=is_due,
            places=found,
            others=[version for version in versions_of(script) if version.pk != script.pk],
        )

    def example(self, request: HttpRequest, script_id: int) -> HttpResponse:
        """The text as it is read, with invented values."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        script = Script.objects.filter(pk=script_id).first()
        if script is None:
            raise Http404
        values = {name: str(value) for name, value in VARIABLES.items()}
        media = dict(media_choices())
        steps = [
            {
                "step": step,
                "text": fill(step.text, values),
                "media": media.get(step.media_item_id or 0, ""),
            }
            for step in script.steps.all()
        ]
        return self._page(
            request, "example", title=_("话术预览"), script=script, steps=steps, case=""
        )

    def _page(self, request: HttpRequest, name: str, **context: Any) -> HttpResponse:
        shared = self.admin_site.each_context(request) | {"opts": self.model._meta}
        return render(request, f"admin/scripts_mgmt/script/{name}.html", shared | context)
