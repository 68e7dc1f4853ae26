"""Settings: everything that differs between installations comes from the environment (see .env.example)."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from portal.env import BASE_DIR, DATA_DIR, env, load_run_environment, required

load_run_environment()

DEBUG = env.bool("DEBUG", default=False)
# The development aids (visible outbox, style guide, demo sign-in hints). Never on in production: see checks.
PORTAL_DEV = env.bool("PORTAL_DEV", default=False)
PORTAL_NAME = env.str("PORTAL_NAME", default="Maintenance Portal")
PORTAL_DATA_DIR = DATA_DIR

SECRET_KEY = required("SECRET_KEY", hint="Give a long random text; it signs sessions and links.")
PORTAL_SEALING_KEYS = [
    key
    for key in required(
        "PORTAL_SEALING_KEYS", hint="Give one or more Fernet keys, newest first, separated by commas."
    ).split(",")
    if key.strip()
]
PORTAL_BASE_URL = env.str("PORTAL_BASE_URL", default="http://localhost:8000").rstrip("/")
PORTAL_HOOKS_BASE_URL = env.str("PORTAL_HOOKS_BASE_URL", default=PORTAL_BASE_URL).rstrip("/")
MOBILITY_WORK_API_URL = env.str("MOBILITY_WORK_API_URL", default="https://api.mobility-work.com").rstrip("/")
# Shown on the connect page where a sandbox stands beside the portal; empty in production.
# Whoever sends this as a bearer token may read /metrics, here and at the receiver; empty = nobody.
PORTAL_METRICS_TOKEN = env.str("PORTAL_METRICS_TOKEN", default="")
# How large a file of rows may be (integrations and memory are measured up to these).
PORTAL_MAX_ROWS = env.int("PORTAL_MAX_ROWS", default=200_000)
PORTAL_MAX_FILE_MB = env.int("PORTAL_MAX_FILE_MB", default=50)
PORTAL_EXPORT_MAX_MB = env.int("PORTAL_EXPORT_MAX_MB", default=1000)
PORTAL_EXPORTS_AT_ONCE = env.int("PORTAL_EXPORTS_AT_ONCE", default=3)
# Parts of a count sheet, which is written while somebody waits: as many as one request to the vendor may hold.
PORTAL_SHEET_MAX_PARTS = env.int("PORTAL_SHEET_MAX_PARTS", default=10_000)
# What a cell of an update holds to clear the value; an empty one leaves it as it is.
PORTAL_CLEAR_TOKEN = env.str("PORTAL_CLEAR_TOKEN", default="∅")
# The most that a whole call to the vendor may take; then its outcome is unknown.
PORTAL_CALL_SECONDS = env.int("PORTAL_CALL_SECONDS", default=60)
# After so long without an answer whoever sends counts as gone, and the outcome of the call as unknown. It is never
# shorter than a call may take.
PORTAL_LEASE_SECONDS = env.int("PORTAL_LEASE_SECONDS", default=120)
# At most so many calls a minute with one key; 0 = as many as the vendor takes (it answers 429 when there are too many).
PORTAL_CALLS_PER_MINUTE = env.int("PORTAL_CALLS_PER_MINUTE", default=0)
# For so long after an answer an event with another level is no contradiction: writes are applied minutes later.
PORTAL_GRACE_MINUTES = env.int("PORTAL_GRACE_MINUTES", default=10)
# What no event has confirmed for so long is shown as unconfirmed.
PORTAL_CONFIRM_MINUTES = env.int("PORTAL_CONFIRM_MINUTES", default=60)
# At most so many requests a minute with one token of the read API; 0 = no limit.
PORTAL_API_CALLS_PER_MINUTE = env.int("PORTAL_API_CALLS_PER_MINUTE", default=600)
# A started task without any activity for so many days is stale.
PORTAL_STALE_DAYS = env.int("PORTAL_STALE_DAYS", default=7)
PORTAL_SANDBOX_URL = env.str("PORTAL_SANDBOX_URL", default="")
SECURE = urlsplit(PORTAL_BASE_URL).scheme == "https"

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[urlsplit(PORTAL_BASE_URL).hostname or "localhost"])
if PORTAL_DEV:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django_htmx",
    "template_partials",
    "django_filters",
    "allauth",
    "allauth.account",
    "portal.lib",
    "portal.trail",
    "portal.accounts",
    "portal.networks",
    "portal.timeline",
    "portal.stock",
    "portal.tasks",
    "portal.jobs",
    "portal.webhooks",
    "portal.notifications",
    "portal.explore",
    "portal.exports",
    "portal.api",
    "portal.dev",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # with a random length, so that no size tells what a page holds (BREACH)
    "portal.lib.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.accounts.preferences.PreferencesMiddleware",
    "portal.networks.middleware.AccessMiddleware",  # last: it runs the view inside the scoped transaction
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.shell",
            ],
        },
    },
]

# The app role serves pages and workers; the owner role migrates, keeps retention and rebuilds (design section 6).
# Neither is a superuser and the app role cannot escape the row-level policies.
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default="postgresql://portal_app@localhost/portal"),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # PgBouncer in transaction mode
    },
    "owner": {
        **env.db_url("DATABASE_OWNER_URL", default=env.str("DATABASE_URL", default="postgresql://localhost/portal")),
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "CONN_MAX_AGE": 0,
    },
}
DATABASE_RECEIVER_URL = env.str("DATABASE_RECEIVER_URL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Signing in must not depend on the broker, and its limits must hold also while that is away: they are counted in the
# database. What may be lost, or is asked for with every request, is counted in Valkey (docs/decisions/0016).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_attempts",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "counts": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.str("CACHE_URL", default=env.str("BROKER_URL", default="redis://localhost:6379/0")),
        "KEY_PREFIX": "portal",
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "portal.accounts.adapter.ClosedAccountAdapter"
ACCOUNT_FORMS = {"login": "portal.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people come by an invitation sent to that address
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # whoever types any address makes us write to no stranger
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds; revealing a signing secret asks for the password again
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_RATE_LIMITS = {"unsubscribe": "60/m/ip"}  # beside those that django-allauth has for its own pages

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = SECURE and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000) if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Else all people have the proxy's address: in the audit trail, and together before the limits of sign-in.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# Every file goes to disk, so that it is read from there whatever its size; the first of the two stops the large ones.
FILE_UPLOAD_HANDLERS = [
    "portal.lib.uploads.BoundedUpload",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10  # seconds; a mail server that is silent must not hold a page for ever
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="portal@localhost")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or PORTAL_DEV
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = PORTAL_DEV
WHITENOISE_AUTOREFRESH = DEBUG or PORTAL_DEV

# --- limits of the receiver and the quarantine; the receiver reads the same names from the environment
HOOKS_MAX_BODY_BYTES = env.int("HOOKS_MAX_BODY_BYTES", default=1024 * 1024)
HOOKS_TOLERANCE_SECONDS = env.int("HOOKS_TOLERANCE_SECONDS", default=300)
# Per network: a flood of refused requests can neither fill the disk nor hide the good ones.
QUARANTINE_MAX_ENTRIES = env.int("QUARANTINE_MAX_ENTRIES", default=10_000)
QUARANTINE_MAX_BYTES = env.int("QUARANTINE_MAX_BYTES", default=100 * 1024 * 1024)
QUARANTINE_MAX_PER_MINUTE = env.int("QUARANTINE_MAX_PER_MINUTE", default=600)
REPLAY_WINDOW_SECONDS = env.int("REPLAY_WINDOW_SECONDS", default=24 * 60 * 60)
DRAIN_BATCH_SIZE = env.int("DRAIN_BATCH_SIZE", default=500)

# --- background work
CELERY_BROKER_URL = env.str("BROKER_URL", default="redis://localhost:6379/0")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
# Every message expires before the next of its kind: PostgreSQL holds the work, a message is only a nudge.
CELERY_BEAT_SCHEDULE = {
    "sweep-deliveries": {
        "task": "portal.webhooks.background.sweep",
        "schedule": 1.0,
        "options": {"expires": 1.0},
    },
    "sweep-jobs": {
        "task": "portal.jobs.background.sweep",
        "schedule": 1.0,
        "options": {"expires": 1.0},
    },
    "sweep-exports": {
        "task": "portal.exports.background.sweep",
        "schedule": 2.0,
        "options": {"expires": 2.0},
    },
    "sweep-news": {
        "task": "portal.notifications.background.sweep_news",
        "schedule": 30.0,
        "options": {"expires": 30.0},
    },
    "sweep-mails": {
        "task": "portal.notifications.background.sweep_mails",
        "schedule": 3.0,
        "options": {"expires": 3.0},
    },
    "refresh-network-settings": {
        "task": "portal.networks.background.sweep_settings",
        "schedule": 300.0,
        "options": {"expires": 290.0},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"redact": {"()": "portal.lib.redaction.RedactTokens"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # No handler of Django's own: every line goes through ours, which cuts out tokens.
        "django": {"handlers": [], "level": "INFO"},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
