"""The embedded default of `make run`: one machine, demo data, real servers."""

import os

from operations.environment import adopt_running_system

adopt_running_system()
os.environ.setdefault("DJANGO_SECRET_KEY", "dev-only-key-the-production-profile-refuses-it")

from .base import *  # noqa: E402
from .base import env  # noqa: E402

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="dev-only-key-the-production-profile-refuses-it")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *env.list("ALLOWED_HOSTS", default=[])]
DEMO = env.bool("DEMO", default=True)
if not env.dict("FIELD_ENCRYPTION_KEYS", default={}):
    FIELD_ENCRYPTION_KEYS = {"dev": "ZGV2LW9ubHkta2V5LXRoaXJ0eS10d28tYnl0ZXMtbG8="}
if not env.dict("PARTNER_API_KEYS", default={}):
    PARTNER_API_KEYS = {"demo-bank-app": "demo-bank-app-key", "demo-credit": "demo-credit-key"}
    PARTNER_ARCHIVE_READERS = ["demo-credit"]
    PARTNER_SCOPES = {
        "demo-bank-app": ["manager"],
        "demo-credit": ["manager", "credit", "contract_end"],
    }
if not env.str("CREDIT_SECRET", default=""):
    CREDIT_SECRET = "demo-credit-secret"  # noqa: S105 - the demo's simulator shares it
if not env.str("RECOGNITION_SECRET", default=""):
    RECOGNITION_SECRET = "demo-credit-secret"  # noqa: S105 - it plays the recogniser, too
