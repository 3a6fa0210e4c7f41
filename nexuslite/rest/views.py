"""What all REST views share."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from accounts import decisions
from accounts.principals import Principal
from nexuslite.rest.parsers import give_length_to_chunked_body


class RestView(APIView):
    """A resource of `/service/rest`."""

    http_method_names = ["get", "head", "post", "put", "delete"]

    @property
    def principal(self) -> Principal:
        """Who makes the request."""
        principal: Principal = self.request.user  # type: ignore[assignment]
        return principal

    def require(self, permission: str) -> None:
        """Raises `NotPermitted` when the principal does not hold the permission."""
        decisions.require(self.principal, permission)

    def valid_body(self, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
        """The body as the serializer reads it. Raises REST framework's `ValidationError`."""
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        give_length_to_chunked_body(request)
        return super().initialize_request(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished.headers.setdefault("Cache-Control", "no-cache, no-store, must-revalidate")
        finished.headers.setdefault("Pragma", "no-cache")
        return finished


class UnknownResource(RestView):
    """404 for every path that is none of REST's."""

    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ends before the method is looked at."""
        raise Http404

    def get(self, request: Request) -> Response:
        """Never reached; a view needs at least one method."""
        raise Http404
