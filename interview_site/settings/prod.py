"""Production: everything secret or local comes from the environment, and must."""

from django.core.exceptions import ImproperlyConfigured

from .base import *
from .base import (
    CREDIT_BACKEND,
    CREDIT_SECRET,
    CREDIT_URL,
    EVIDENCE_SIGNER,
    FIELD_ENCRYPTION_KEYS,
    MEDIA_CONTROL_TOKEN,
    RECOGNITION_SECRET,
    RECOGNITION_URL,
    env,
)

DEBUG = False
DEMO = False
SECRET_KEY = env.str("DJANGO_SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("DJANGO_SECRET_KEY_FALLBACKS", default=[])
PUBLIC_HOSTS = env.list("ALLOWED_HOSTS")
# The media worker and the health checks come from inside, by the service's name.
ALLOWED_HOSTS = [*PUBLIC_HOSTS, *env.list("INTERNAL_HOSTS", default=["127.0.0.1", "web"])]
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in PUBLIC_HOSTS]

for name, value in (
    ("MEDIA_CONTROL_TOKEN", MEDIA_CONTROL_TOKEN),
    ("FIELD_ENCRYPTION_KEYS", FIELD_ENCRYPTION_KEYS),
    ("EVIDENCE_KEY_DIR or EVIDENCE_SIGNER", env.str("EVIDENCE_KEY_DIR", "") or EVIDENCE_SIGNER),
    ("DATABASE_URL", env.str("DATABASE_URL", default="")),
    ("REDIS_URL", env.str("REDIS_URL", default="")),
):
    if not value:
        raise ImproperlyConfigured(f"{name} must be set in production")

if CREDIT_BACKEND == "http" and not (CREDIT_URL.startswith("https://") and CREDIT_SECRET):
    raise ImproperlyConfigured("CREDIT_URL must be https:// and CREDIT_SECRET set in production")
if RECOGNITION_URL and not (RECOGNITION_URL.startswith("https://") and RECOGNITION_SECRET):
    raise ImproperlyConfigured("RECOGNITION_URL must be https://, with RECOGNITION_SECRET")

# nginx ends TLS and sets this header itself, whatever a client sent (deploy/nginx.conf).
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^internal/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_HTTPONLY = False  # the pages' scripts send it in a header
WHITENOISE_USE_FINDERS = False  # collectstatic ran when the image was built
