"""Django's settings, all of them derived from the environment."""

from __future__ import annotations

from pathlib import Path

from django import forms

from nexuslite import environment
from nexuslite.environment import env
from nexuslite.static_files import fingerprint

BASE_DIR = Path(__file__).resolve().parent.parent
NEXUSLITE_DATA_DIR = environment.data_dir()
NEXUSLITE_RUN_DIR = NEXUSLITE_DATA_DIR / "run"
NEXUSLITE_ADMIN_PASSWORD: str | None = env.str("NEXUSLITE_ADMIN_PASSWORD", default="") or None
NEXUSLITE_HOST = env.str("NEXUSLITE_HOST", default="0.0.0.0")
NEXUSLITE_PORT = env.int("NEXUSLITE_PORT", default=8081)
NEXUSLITE_WORKERS = env.int("NEXUSLITE_WORKERS", default=2)
NEXUSLITE_THREADS = env.int("NEXUSLITE_THREADS", default=192)
NEXUSLITE_CONNECTOR_PORTS = environment.connector_ports()
NEXUSLITE_CONNECTOR_HOST = env.str("NEXUSLITE_CONNECTOR_HOST", default="") or NEXUSLITE_HOST
NEXUSLITE_TRUSTED_PROXIES = environment.trusted_proxies()
NEXUSLITE_TLS_CERTIFICATE = env.str("NEXUSLITE_TLS_CERTIFICATE", default="")
NEXUSLITE_TLS_KEY = env.str("NEXUSLITE_TLS_KEY", default="")
NEXUSLITE_TLS_NAMES: list[str] = env.list("NEXUSLITE_TLS_NAMES", default=[])
NEXUSLITE_HEADER_TIMEOUT = env.float("NEXUSLITE_HEADER_TIMEOUT", default=10.0)
NEXUSLITE_KEEPALIVE_TIMEOUT = env.float("NEXUSLITE_KEEPALIVE_TIMEOUT", default=100.0)
NEXUSLITE_QUEUE_TIMEOUT = env.float("NEXUSLITE_QUEUE_TIMEOUT", default=30.0)
NEXUSLITE_GRACEFUL_TIMEOUT = env.float("NEXUSLITE_GRACEFUL_TIMEOUT", default=30.0)
NEXUSLITE_LINGER_TIMEOUT = env.float("NEXUSLITE_LINGER_TIMEOUT", default=5.0)
NEXUSLITE_MAX_CONNECTIONS = env.int("NEXUSLITE_MAX_CONNECTIONS", default=0)
NEXUSLITE_ACCESS_LOG = env.bool("NEXUSLITE_ACCESS_LOG", default=False)
NEXUSLITE_BODY_GRACE = env.float("NEXUSLITE_BODY_GRACE", default=30.0)
NEXUSLITE_BODY_MINIMUM_RATE = env.int("NEXUSLITE_BODY_MINIMUM_RATE", default=4096)
NEXUSLITE_LOG_LEVEL = env.str("NEXUSLITE_LOG_LEVEL", default="info").upper()
NEXUSLITE_UPLOAD_LIFETIME = env.int("NEXUSLITE_UPLOAD_LIFETIME", default=24 * 3600)
NEXUSLITE_AUDIT_DAYS = env.int("NEXUSLITE_AUDIT_DAYS", default=90)
NEXUSLITE_AUDIT_LOG_SIZE = env.int("NEXUSLITE_AUDIT_LOG_SIZE", default=50 * 1024 * 1024)
NEXUSLITE_REMOTE_HTTP_PROXY = env.str("NEXUSLITE_REMOTE_HTTP_PROXY", default="")
NEXUSLITE_REMOTE_NO_PROXY: list[str] = env.list("NEXUSLITE_REMOTE_NO_PROXY", default=[])
NEXUSLITE_REMOTE_CA_FILE = env.str("NEXUSLITE_REMOTE_CA_FILE", default="")
NEXUSLITE_REMOTE_TOKEN_HOSTS: list[str] = env.list("NEXUSLITE_REMOTE_TOKEN_HOSTS", default=[])
NEXUSLITE_REMOTE_BODY_GRACE = env.float("NEXUSLITE_REMOTE_BODY_GRACE", default=30.0)
NEXUSLITE_REMOTE_MINIMUM_RATE = env.int("NEXUSLITE_REMOTE_MINIMUM_RATE", default=4096)
NEXUSLITE_REMOTE_BLOCK_SECONDS = env.float("NEXUSLITE_REMOTE_BLOCK_SECONDS", default=40.0)
TOKEN_LIFETIME_SECONDS = env.int("NEXUSLITE_TOKEN_LIFETIME", default=300)

FAILURES_PER_USER_AND_ADDRESS = environment.failure_limit(
    "NEXUSLITE_FAILURES_PER_USER_AND_ADDRESS", default="10/300"
)
FAILURES_PER_ADDRESS = environment.failure_limit(
    "NEXUSLITE_FAILURES_PER_ADDRESS", default="200/600"
)
FAILURES_PER_USER = environment.failure_limit("NEXUSLITE_FAILURES_PER_USER", default="100/200")
FAILURES_FROM_KNOWN_ADDRESS = environment.failure_limit(
    "NEXUSLITE_FAILURES_FROM_KNOWN_ADDRESS", default="20/20"
)
FORGED_TOKENS_PER_ADDRESS = environment.failure_limit(
    "NEXUSLITE_FORGED_TOKENS_PER_ADDRESS", default="600/60"
)

SECRET_KEY, *SECRET_KEY_FALLBACKS = environment.secret_keys(NEXUSLITE_DATA_DIR)
DEBUG = False
# Every name the clients use to reach a registry is theirs to choose; nothing is derived from the
# Host header but the addresses shown back to the same client.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "nexuslite",
    "accounts",
    "repositories",
]

# The registry API never comes here: nexuslite.wsgi answers it before this chain.
MIDDLEWARE = [
    "nexuslite.middleware.SecurityHeadersMiddleware",
    "nexuslite.middleware.OtherVersionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "nexuslite.web.languages.LanguageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.PrincipalMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "nexuslite.urls"
WSGI_APPLICATION = "nexuslite.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Beside our own, Django's templates of form widgets.
        "DIRS": [BASE_DIR / "templates", Path(forms.__file__).parent / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "nexuslite.web.frame.frame",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ],
        },
    }
]

FORM_RENDERER = "nexuslite.web.forms.FormRenderer"

DATABASE_URL = env.str("DATABASE_URL", default="")
if DATABASE_URL:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(NEXUSLITE_DATA_DIR / "nexuslite.sqlite3"),
        }
    }
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["ENGINE"] = "nexuslite.database.sqlite"
    _database["CONN_MAX_AGE"] = None
    _database["TEST"] = {"NAME": ":memory:"}
    _database["OPTIONS"] = {"timeout": 10, "transaction_mode": "IMMEDIATE"}
else:
    if _database["ENGINE"] == "django.db.backends.postgresql":
        _database["ENGINE"] = "nexuslite.database.postgresql"
    _database["OPTIONS"] = {
        "pool": {
            "min_size": 1,
            "max_size": env.int("NEXUSLITE_DATABASE_POOL", default=16),
            "timeout": 10,
        }
    }

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.passwords.RegistryArgon2Hasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_NAME = "NXSESSIONID"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "nexuslite.web.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "language"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# The version of the files is part of their address: a browser may keep them for ever, nothing has
# to be collected, and references between them stay as they are.
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_URL = f"/static/{fingerprint(BASE_DIR / 'static')}/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = "^/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["nexuslite.rest.parsers.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "nexuslite.rest.negotiation.AlwaysJson",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.RealmsAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "EXCEPTION_HANDLER": "nexuslite.rest.errors.render",
    "UNAUTHENTICATED_USER": None,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "nexuslite.logs.RequestFilter"}},
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s [%(process)d %(threadName)s] "
            "%(request_id)s %(name)s - %(message)s"
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["console"], "level": NEXUSLITE_LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # A Host header that is none: the client is told, and no stranger fills the log with traces.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
