"""Settings shared by every profile; what differs by place comes from the environment."""

from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from kombu import Queue

from common.queues import LONG, LONG_TASKS, SHORT

# Django's classes are generic in the type stubs only; this lets ModelAdmin[Seat] run, too.
django_stubs_ext.monkeypatch()

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent.parent
RUN_DIR = Path(env.str("RUN_DIR", default=str(BASE_DIR / "run"))).resolve()
SPOOL_DIR = Path(env.str("SPOOL_DIR", default=str(RUN_DIR / "spool")))
# Where recordings are kept: "local" (files under STORAGE_DIR) or "s3" (any compatible server).
STORAGE_BACKEND = env.str("STORAGE_BACKEND", default="local")
S3_ENDPOINT = env.str("S3_ENDPOINT", default="")
S3_REGION = env.str("S3_REGION", default="us-east-1")
S3_BUCKET = env.str("S3_BUCKET", default="recordings")
S3_ACCESS_KEY = env.str("S3_ACCESS_KEY", default="")
S3_SECRET_KEY = env.str("S3_SECRET_KEY", default="")
S3_OBJECT_LOCK = env.str("S3_OBJECT_LOCK", default="")  # COMPLIANCE, GOVERNANCE or nothing
# Lists as files, for a day; web and Celery see the same folder.
EXPORT_DIR = Path(env.str("EXPORT_DIR", default=str(RUN_DIR / "exports")))
STORAGE_DIR = Path(env.str("STORAGE_DIR", default=str(RUN_DIR / "storage")))
# The archive tier: another folder (a slower disk) or another bucket; the same place when not given.
STORAGE_COLD_DIR = env.str("STORAGE_COLD_DIR", default="")
S3_COLD_BUCKET = env.str("S3_COLD_BUCKET", default="")
# Local copies stay that long after the store confirmed them: reviews right after a call are local.
SPOOL_KEEP_HOURS = env.float("SPOOL_KEEP_HOURS", default=24.0)

DEBUG = False
ROOT_URLCONF = "interview_site.urls"
ASGI_APPLICATION = "interview_site.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    # beside and ground first, edges last: the order of docs/architecture.md
    "ui",
    "accounts",
    "audit",
    "outbox",
    "parameters",
    "evidence",
    "exports",
    "media_worker",
    "seats",
    "channels_admin",
    "scripts_mgmt",
    "marketing_media",
    "interviews",
    "appointments",
    "recordings",
    "queueing",
    "qc",
    "credit_bridge",
    "workbench",
    "customer_sdk",
    "partner_portals",
    "analytics",
    "operations",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "guardian",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "import_export",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.middleware.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "common.middleware.PermissionsPolicyMiddleware",
    "customer_sdk.cors.SdkCorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.StandingLoginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default="postgres:///interview")}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379").rstrip("/")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [f"{REDIS_URL}/0"]},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{REDIS_URL}/2",
    }
}

# Pages of other origins that may use the SDK's REST and socket, as `https://host[:port]`.
SDK_ALLOWED_ORIGINS = tuple(env.list("SDK_ALLOWED_ORIGINS", default=[]))

# Where addresses are at home: a CSV `range,region_code`, for doubts about a position. Empty: no list.
IP_PLACES_FILE = env.str("IP_PLACES_FILE", default="")

CELERY_BROKER_URL = f"{REDIS_URL}/1"
CELERY_TASK_DEFAULT_QUEUE = SHORT
CELERY_TASK_QUEUES = [Queue(SHORT), Queue(LONG)]  # a worker that is told of none serves both
CELERY_TASK_ROUTES = {name: {"queue": LONG} for name in LONG_TASKS}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Shanghai"
# Rows are the jobs (outbox, leases, deadlines); beat only knocks so that a lost wake-up costs seconds.
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "alive": {"task": "operations.tasks.note_alive", "schedule": 2.0, "options": {"expires": 2}},
    "outbox": {"task": "outbox.tasks.deliver_due", "schedule": 2.0, "options": {"expires": 2}},
    "interviews": {"task": "interviews.tasks.sweep", "schedule": 2.0, "options": {"expires": 2}},
    "queueing": {"task": "queueing.tasks.sweep", "schedule": 1.0, "options": {"expires": 1}},
    "alerts": {"task": "queueing.tasks.watch", "schedule": 2.0, "options": {"expires": 2}},
    "seats": {"task": "seats.tasks.sweep", "schedule": 15.0, "options": {"expires": 15}},
    "appointments": {
        "task": "appointments.tasks.sweep",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "marketing": {
        "task": "marketing_media.tasks.sweep",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "recordings": {"task": "recordings.tasks.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "lost": {
        "task": "recordings.tasks.find_lost",
        "schedule": crontab(hour=3, minute=20),
        "options": {"expires": 3600},
    },
    "reports": {
        "task": "analytics.tasks.count_lines_again",
        "schedule": 30.0,
        "options": {"expires": 30},
    },
    "months": {
        "task": "analytics.tasks.keep_months",
        "schedule": crontab(hour=5, minute=10),
        "options": {"expires": 3600},
    },
    "exports": {"task": "exports.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "checks": {"task": "audit.tasks.sweep", "schedule": 30.0, "options": {"expires": 30}},
    "keeping": {"task": "recordings.tasks.keep", "schedule": 900.0, "options": {"expires": 900}},
    "reconcile": {
        "task": "credit_bridge.tasks.reconcile_daily",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "anchors": {
        "task": "recordings.tasks.anchor_days",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "samples": {"task": "qc.tasks.draw_samples", "schedule": 1800.0, "options": {"expires": 1800}},
    "qc": {"task": "qc.tasks.sweep", "schedule": 60.0, "options": {"expires": 60}},
    "reasons": {"task": "qc.tasks.refresh_reasons", "schedule": 60.0, "options": {"expires": 60}},
}

# Apps of one layer do not import each other: what 质检 may name as a reason comes from here.
REJECT_REASONS_SOURCE = "credit_bridge.selectors.reject_reasons"

# Who gives a second opinion does not read on the recording's page what was decided first.
BLIND_PAGE = "qc.selectors.blind_page_of"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("staff_no", "name", "phone", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.PolicyValidator"},
]
# What is a parameter is asked when it is needed.
AXES_FAILURE_LIMIT = "accounts.passwords.lock_failures"
AXES_COOLOFF_TIME = "accounts.passwords.lock_time"
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
# Accounts are below seats: who is at work, and who has to hand over first, is asked there.
SESSION_KEEPER = "workbench.selectors.is_at_work"
HOME_WAITING = "operations.today.waiting_for"
# What can be exported (exports/sources.py): name -> function(argument, query, user) -> Table.
EXPORT_SOURCES = {
    "list": "exports.sources.back_office_list",
    "roster": "exports.sources.roster",
    "recordings": "recordings.lists.found_recordings",
    "attempts": "channels_admin.lists.found_attempts",
    "audit": "operations.audit_admin.found_entries",
    "report": "analytics.lists.found_lines",
}
# What is made as a whole (exports/sources.py): name -> function(argument, query, user) -> Package.
EXPORT_PACKAGES = {
    "evidence": "recordings.packages.evidence_package",
    "verification": "recordings.packages.verification",
}
SINGLE_GRANTS = "recordings.selectors.single_grants_of"
BEFORE_LEAVING = "appointments.services.give_up_seat"
# What needs a second person where the parameter `four_eyes` says so (accounts/changes.py):
# kind -> what it is called, the operation that may agree, the function that does it.
FOUR_EYES: dict[str, tuple[Any, str, str]] = {
    "user.roles": (_("授予角色"), "accounts.manage", "accounts.services.apply_roles"),
    "role": (_("扩大角色权限"), "accounts.manage", "accounts.services.apply_role"),
    "channel": (_("启用渠道"), "channels.manage", "channels_admin.services.apply_enabled"),
    "retention": (_("缩短保管期限"), "videos.keep", "recordings.services.apply_rule"),
    "hold": (_("解除法定保留"), "videos.keep", "recordings.services.apply_release"),
    "parameter": (_("修改参数"), "parameters.manage", "operations.settings_log.apply_setting"),
}
# Per account: the bank's seats share addresses behind proxies, so an address says nothing (S:A1).
AXES_LOCKOUT_PARAMETERS = ["username"]
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_USERNAME_FORM_FIELD = "username"
GUARDIAN_MONKEY_PATCH_USER = False
ANONYMOUS_USER_NAME = None
LOGIN_URL = reverse_lazy("login")
LOGIN_REDIRECT_URL = reverse_lazy("home")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文"))]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["interview_site.formats"]

RELEASE = env.str("RELEASE", default="dev")
STATIC_URL = f"/static/{RELEASE}/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = RUN_DIR / "static"
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Video interview API",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 48 * 3600  # accounts.sessions ends it before, but for a seat at work
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "ui.views.csrf_failure"

# --- the interview system's own settings -------------------------------------------------------
BANK_NAME = env.str("BANK_NAME", default="示例银行")  # data
# How this installation's own processes reach the web process.
WEB_INTERNAL_URL = env.str("WEB_INTERNAL_URL", default="http://127.0.0.1:8000")
MEDIA_CONTROL_TOKEN = env.str("MEDIA_CONTROL_TOKEN", default="")
# Base64 of 32 bytes each: key id -> key; the first one encrypts (common/crypto.py).
FIELD_ENCRYPTION_KEYS: dict[str, str] = env.dict("FIELD_ENCRYPTION_KEYS", default={})
ICE_SERVERS: list[dict[str, Any]] = env.json("ICE_SERVERS", default=[])
# Signing keys of the evidence (docs/evidence.md); or the command of a signer that keeps them elsewhere.
EVIDENCE_KEY_DIR = Path(env.str("EVIDENCE_KEY_DIR", default=str(RUN_DIR / "evidence-keys")))
EVIDENCE_SIGNER: list[str] = env.list("EVIDENCE_SIGNER", default=[])
# name -> shared secret of a system that may call the partner API
PARTNER_API_KEYS: dict[str, str] = env.dict("PARTNER_API_KEYS", default={})
# What else than the customer's own tasks they may do: name -> "manager", "credit",
# "contract_end" (says when a loan is over: recordings kept until then may go; credit_bridge/auth.py).
PARTNER_SCOPES: dict[str, list[str]] = {
    name: scopes.split("+") for name, scopes in env.dict("PARTNER_SCOPES", default={}).items()
}
# Those of them that may query and fetch recordings.
PARTNER_ARCHIVE_READERS: list[str] = env.list("PARTNER_ARCHIVE_READERS", default=[])
# Only recordings of properties in these places for some of them: "name=330000+440300".
PARTNER_ARCHIVE_PLACES: dict[str, list[str]] = {
    name: places.split("+")
    for name, places in env.dict("PARTNER_ARCHIVE_PLACES", default={}).items()
}

# The bank's systems: "embedded" (own tables) or "http" (credit_bridge/contract.py at CREDIT_URL).
CREDIT_BACKEND = env.str("CREDIT_BACKEND", default="embedded")
CREDIT_URL = env.str("CREDIT_URL", default="")
CREDIT_KEY_ID = env.str("CREDIT_KEY_ID", default="interview")
CREDIT_SECRET = env.str("CREDIT_SECRET", default="")
CREDIT_CA_FILE = env.str("CREDIT_CA_FILE", default="")
CREDIT_CLIENT_CERT = env.str("CREDIT_CLIENT_CERT", default="")
CREDIT_CLIENT_KEY = env.str("CREDIT_CLIENT_KEY", default="")
# The recogniser speaks the same contract at an address of its own; empty: there is none (SDK-10).
RECOGNITION_URL = env.str("RECOGNITION_URL", default="")
RECOGNITION_SECRET = env.str("RECOGNITION_SECRET", default="")
# Property here is in-province (MM-1): the embedded book's own rule.
HOME_PROVINCE = env.str("HOME_PROVINCE", default="410000")
# Where a customer without an account opens one (APP-4): an outside link.
ACCOUNT_OPENING_URL = env.str("ACCOUNT_OPENING_URL", default="https://bank.example/open-account")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(levelname).1s %(name)s %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "aioice": {"level": "WARNING"},
        "aiortc": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
