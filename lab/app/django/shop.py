"""A whole Django project in one file: the framework's own sign-in, cookies and check against forgery."""

import os
import threading

import django
from django.conf import settings


def flag(name, default):
    """A yes or no of the environment, as many projects read it."""
    return os.environ.get(name, default).lower() in ("1", "true", "yes")


def words(name, default=""):
    """A list of the environment."""
    return [word for word in os.environ.get(name, default).split(",") if word]


DATABASE = os.environ["DATABASE"]

settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "lab-only-" + "k" * 50),
    ROOT_URLCONF="shop",
    ALLOWED_HOSTS=words("DJANGO_ALLOWED_HOSTS", "app.test"),
    CSRF_TRUSTED_ORIGINS=words("DJANGO_CSRF_TRUSTED_ORIGINS"),
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https") if flag("DJANGO_TRUST_PROXY", "1") else None,
    SECURE_SSL_REDIRECT=flag("DJANGO_SSL_REDIRECT", "0"),
    SESSION_COOKIE_SECURE=flag("DJANGO_SECURE_COOKIES", "0"),
    CSRF_COOKIE_SECURE=flag("DJANGO_SECURE_COOKIES", "0"),
    SESSION_COOKIE_DOMAIN=os.environ.get("DJANGO_COOKIE_DOMAIN") or None,
    CSRF_COOKIE_DOMAIN=os.environ.get("DJANGO_COOKIE_DOMAIN") or None,
    SESSION_COOKIE_PATH=os.environ.get("DJANGO_COOKIE_PATH", "/"),
    SECURE_REFERRER_POLICY=os.environ.get("DJANGO_REFERRER_POLICY", "same-origin"),
    LOGIN_REDIRECT_URL="/account",
    LOGIN_URL="/login",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [("django.template.loaders.locmem.Loader", {"login.html": (
                '<!DOCTYPE html><html lang="en"><title>Sign in</title><form method="post">{% csrf_token %}'
                "{{ form.as_p }}<button>Sign in</button></form>")})],
        },
    }],
    LOGGING={"version": 1, "disable_existing_loggers": False,
             "handlers": {"console": {"class": "logging.StreamHandler"}},
             "loggers": {"django": {"handlers": ["console"], "level": "WARNING"}}},
)
django.setup()

from django.contrib.auth import get_user_model, views  # noqa: E402  (only after the settings)
from django.contrib.auth.decorators import login_required  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect  # noqa: E402
from django.urls import path  # noqa: E402


@login_required
def account(request):
    """What members see."""
    return HttpResponse(f"<h1>Account of {request.user.get_username()}</h1>")


urlpatterns = [
    path("", lambda request: HttpResponseRedirect("/login")),
    path("login", views.LoginView.as_view(template_name="login.html"), name="login"),
    path("logout", views.LogoutView.as_view(next_page="/login")),
    path("account", account),
    path("health", lambda request: HttpResponse("ok")),
]


def prepare():
    """The tables and one account."""
    if not os.path.exists(DATABASE):
        call_command("migrate", verbosity=0)
        user = get_user_model().objects.create_user("ada", password="correct horse battery")
        user.is_active = flag("SHOP_ACTIVE", "1")
        user.save()


worker = threading.Thread(target=prepare)
worker.start()
worker.join()
application = get_wsgi_application()
