"""Answering with a page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers


def page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """The rendered template. Never kept by a cache: it shows what its reader may see."""
    response = render(request, template, context, status=status)
    add_never_cache_headers(response)
    return response


def is_fragment_request(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of a page to put into the one that is shown."""
    return request.headers.get("HX-Request") == "true"
