"""The languages of the web interface; REST and the registry API speak Nexus's English."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from accounts.web.access import safe_target

_SERVICES = "/service/"
_YEAR_SECONDS = 365 * 24 * 3600


class LanguageMiddleware:
    """Answers pages in the language that was chosen, else in one that the browser asks for.

    Django's own middleware leaves the language to the thread, whose next request may be one of
    REST. This one takes it back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_SERVICES):
            return self._get_response(request)
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = self._get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keeps the chosen language in a cookie and goes back to the page; 400 for an unknown one.

    Which page that was, the browser says: one that is hidden must not differ from one that does
    not exist, not even by its own address in a form.
    """
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponseBadRequest("There is no such language.", content_type="text/plain")
    page = urlsplit(request.headers.get("Referer", ""))
    response = HttpResponseRedirect(safe_target(page._replace(scheme="", netloc="").geturl()))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=_YEAR_SECONDS, samesite="Lax"
    )
    return response
