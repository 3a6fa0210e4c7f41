"""Pages of blob stores."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decisions import application, may
from nexuslite.errors import NotFound, OperationRefused
from nexuslite.web.editing import Confirmation, Crumb, Editing, require, saved
from nexuslite.web.forms import REFUSALS, ActionForm
from nexuslite.web.listing import Choice, Listing
from repositories.actions.blob_store_settings import BlobStoreSettings, SoftQuota
from repositories.actions.create_blob_store import create_blob_store
from repositories.actions.delete_blob_store import delete_blob_store
from repositories.actions.update_blob_store import update_blob_store
from repositories.blob_store_secrets import PLACEHOLDER, mask
from repositories.blob_stores import (
    UNLIMITED,
    StoreFigures,
    figures_of,
    find_blob_store,
    is_quota_violated,
)
from repositories.models import BlobStore, Repository
from repositories.models.blob_store import BlobStoreType, QuotaType

READ = application("blobstores", "read")
_CREATE = application("blobstores", "create")
_UPDATE = application("blobstores", "update")
_DELETE = application("blobstores", "delete")
FORM_METHODS = ["GET", "HEAD", "POST"]
KINDS = {"file": BlobStoreType.FILE, "s3": BlobStoreType.S3}
_MEGABYTE = 1_000_000


class BlobStoreForm(ActionForm):
    """What every blob store has."""

    FIELDS_OF_ERRORS: ClassVar = {"softQuota.limit": "quota_limit", "softQuota.type": "quota_type"}

    name = forms.CharField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("It cannot be changed later.")
    )
    quota_type = forms.ChoiceField(
        label=gettext_lazy("Soft quota"),
        required=False,
        choices=[
            ("", gettext_lazy("None")),
            (QuotaType.SPACE_USED.value, gettext_lazy("Space Used")),
            (QuotaType.SPACE_REMAINING.value, gettext_lazy("Space Remaining")),
        ],
        help_text=gettext_lazy("Told about in Status when it is exceeded; nothing is refused."),
    )
    quota_limit = forms.IntegerField(
        label=gettext_lazy("Constraint limit"),
        required=False,
        min_value=1,
        max_value=2**63 // _MEGABYTE - 1,
        help_text=gettext_lazy("In MB, which are a million bytes."),
    )

    def clean(self) -> dict[str, Any]:
        """A quota has a limit."""
        values = self.cleaned_data
        missing = values.get("quota_type") and not values.get("quota_limit")
        if missing and "quota_limit" not in self.errors:
            self.add_error("quota_limit", _("A quota needs a limit."))
        return values

    def quota(self) -> SoftQuota | None:
        """The quota that the values stand for."""
        values = self.cleaned_data
        if not values["quota_type"]:
            return None
        return SoftQuota(values["quota_type"], values["quota_limit"] * _MEGABYTE)


class FileForm(BlobStoreForm):
    """A blob store in a folder."""

    path = forms.CharField(
        label=gettext_lazy("Path"),
        help_text=gettext_lazy("A folder; a relative one lies under “blobs” in the data folder."),
    )
    field_order = ("name", "path")

    def configuration(self) -> dict[str, Any]:
        """What the backend opens."""
        return {"path": self.cleaned_data["path"]}

    @staticmethod
    def values_of(configuration: dict[str, Any]) -> dict[str, Any]:
        """The initial values of the fields of this type."""
        return {"path": configuration.get("path", "")}


class S3Form(BlobStoreForm):
    """A blob store in a bucket."""

    FIELDS_OF_ERRORS: ClassVar = {
        **BlobStoreForm.FIELDS_OF_ERRORS,
        "bucketConfiguration.bucketSecurity.secretAccessKey": "secret_access_key",
    }

    bucket = forms.CharField(label=gettext_lazy("Bucket"))
    key_prefix = forms.CharField(label=gettext_lazy("Prefix"), required=False)
    region = forms.CharField(label=gettext_lazy("Region"), initial="DEFAULT")
    endpoint = forms.CharField(
        label=gettext_lazy("Endpoint URL"),
        required=False,
        help_text=gettext_lazy("Empty for Amazon's own."),
    )
    access_key_id = forms.CharField(label=gettext_lazy("Access Key ID"), required=False)
    secret_access_key = forms.CharField(
        label=gettext_lazy("Secret Access Key"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Never shown again. Leave it empty to keep the one there is."),
    )
    path_style = forms.BooleanField(label=gettext_lazy("Use path-style access"), required=False)
    signed_addresses = forms.BooleanField(
        label=gettext_lazy("Redirect pulls to signed addresses of the bucket"), required=False
    )
    field_order = ("name", "bucket", "key_prefix", "region", "endpoint")

    def configuration(self) -> dict[str, Any]:
        """What the backend opens, in REST's shape; what the form does not know stays."""
        values = self.cleaned_data
        kept = self.initial.get("kept", {})
        secret = values["secret_access_key"]
        if not secret and kept.get("bucketSecurity", {}).get("secretAccessKey"):
            secret = PLACEHOLDER
        return {
            "bucketConfiguration": {
                **kept,
                "bucket": {
                    "name": values["bucket"],
                    "prefix": values["key_prefix"],
                    "region": values["region"],
                },
                "bucketSecurity": {
                    **kept.get("bucketSecurity", {}),
                    "accessKeyId": values["access_key_id"] or None,
                    "secretAccessKey": secret or None,
                },
                "advancedBucketConnection": {
                    **(kept.get("advancedBucketConnection") or {}),
                    "endpoint": values["endpoint"] or None,
                    "forcePathStyle": values["path_style"],
                },
                "preSignedUrlEnabled": values["signed_addresses"],
            }
        }

    @staticmethod
    def values_of(configuration: dict[str, Any]) -> dict[str, Any]:
        """The initial values of the fields of this type; never a secret."""
        masked = mask(configuration)["bucketConfiguration"]
        bucket = masked.get("bucket") or {}
        connection = masked.get("advancedBucketConnection") or {}
        return {
            "kept": masked,
            "bucket": bucket.get("name", ""),
            "key_prefix": bucket.get("prefix") or "",
            "region": bucket.get("region", ""),
            "endpoint": connection.get("endpoint") or "",
            "access_key_id": (masked.get("bucketSecurity") or {}).get("accessKeyId") or "",
            "path_style": bool(connection.get("forcePathStyle")),
            "signed_addresses": bool(masked.get("preSignedUrlEnabled")),
        }


FORMS: dict[str, type[FileForm | S3Form]] = {
    BlobStoreType.FILE.value: FileForm,
    BlobStoreType.S3.value: S3Form,
}


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A blob store in the list."""

    store: BlobStore
    figures: StoreFigures
    repositories: int

    @property
    def available(self) -> int | None:
        """Bytes; None where there is no limit."""
        return None if self.figures.available_space == UNLIMITED else self.figures.available_space

    @property
    def is_over_quota(self) -> bool:
        """Whether the soft quota is exceeded."""
        return is_quota_violated(self.store, self.figures)


@require_safe
def blob_stores(request: HttpRequest) -> HttpResponse:
    """All blob stores with their figures."""
    principal = require(request, READ)
    creation: tuple[Choice, ...] = ()
    if may(principal, _CREATE):
        creation = (
            Choice("File", reverse("blob-store-create", args=["file"]), "folders"),
            Choice("S3", reverse("blob-store-create", args=["s3"]), "cloud"),
        )
    listing: Listing[StoreRow] = Listing(
        section=_("Repository"),
        title=_("Blob Stores"),
        lead=_("Where the bytes of images lie. Several repositories may share one."),
        rows_template="repositories/_blob_stores.html",
        filter_label=_("Filter blob stores"),
        create=creation,
        create_label=_("Create Blob Store"),
        help_title=_("What is a blob store?"),
        help=(
            _(
                "A folder on this server or a bucket of an S3 service. What is pushed twice, to "
                "whichever repository, is kept once in a blob store."
            ),
            _("A repository stays with the blob store that it was made with."),
        ),
    )
    return listing.answer(request, _rows(), lambda row: f"{row.store.name} {row.store.type}")


def _rows() -> list[StoreRow]:
    stores = list(BlobStore.objects.order_by("name"))
    figures = figures_of(stores)
    used = Counter(Repository.objects.values_list("blob_store_id", flat=True))
    return [StoreRow(store, figures[store.pk], used[store.pk]) for store in stores]


@sensitive_post_parameters("secret_access_key")
@require_http_methods(FORM_METHODS)
def create(request: HttpRequest, kind: str) -> HttpResponse:
    """Makes a blob store of the type."""
    if kind not in KINDS:
        raise Http404
    principal = require(request, _CREATE)
    type_name = KINDS[kind].value
    form = FORMS[type_name](request.POST if request.method == "POST" else None)

    def act(values: dict[str, Any]) -> None:
        create_blob_store(principal, _settings(form, type_name, values["name"]))

    if request.method == "POST" and form.perform(act):
        message = _("Blob store %s was created.") % form.cleaned_data["name"]
        return saved(request, reverse("blob-stores"), message)
    editing = Editing(
        title=_("Create Blob Store: %s") % type_name,
        crumbs=_crumbs(Crumb(_("Create"))),
        submit=_("Create Blob Store"),
        cancel_url=reverse("blob-stores"),
    )
    return editing.answer(request, form)


@sensitive_post_parameters("secret_access_key")
@require_http_methods(FORM_METHODS)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Shows and changes a blob store."""
    principal = require(request, READ)
    store = _existing(name)
    initial = {
        "name": store.name,
        "quota_type": store.quota_type,
        "quota_limit": store.quota_limit // _MEGABYTE or None,
        **FORMS[store.type].values_of(store.configuration),
    }
    form = FORMS[store.type](request.POST if request.method == "POST" else None, initial=initial)
    form.fields["name"].disabled = True

    def act(values: dict[str, Any]) -> None:
        update_blob_store(principal, _settings(form, store.type, name))

    if request.method == "POST":
        require(request, _UPDATE)
        if form.perform(act):
            return saved(request, reverse("blob-stores"), _("Blob store %s was changed.") % name)
    editing = Editing(
        title=name,
        crumbs=_crumbs(Crumb(name)),
        submit=_("Save"),
        cancel_url=reverse("blob-stores"),
        lead=store.type,
        delete_url=reverse("blob-store-delete", args=[name]) if may(principal, _DELETE) else "",
        delete_label=_("Delete blob store…"),
        read_only="" if may(principal, _UPDATE) else _("You may look at it, not change it."),
    )
    return editing.answer(request, form)


@require_http_methods(FORM_METHODS)
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Asks, and deletes a blob store that no repository uses."""
    principal = require(request, _DELETE)
    store = _existing(name)
    question = _deletion(store)
    if not question.is_given(request):
        return question.answer(request)
    try:
        delete_blob_store(principal, name)
    except REFUSALS as refusal:
        return question.with_error(str(refusal)).answer(request)
    return saved(request, reverse("blob-stores"), _("Blob store %s was deleted.") % name)


def _deletion(store: BlobStore) -> Confirmation:
    used = Repository.objects.filter(blob_store=store).order_by("name")
    names = list(used.values_list("name", flat=True))
    line = _("No repository uses it.")
    if names:
        line = ngettext(
            "It cannot be deleted while %(count)d repository uses it: %(names)s.",
            "It cannot be deleted while %(count)d repositories use it: %(names)s.",
            len(names),
        ) % {"count": len(names), "names": ", ".join(names)}
    return Confirmation(
        title=_("Delete blob store %s?") % store.name,
        lines=(line, _("Everything in it goes.")),
        submit=_("Delete blob store"),
        cancel_url=reverse("blob-store-edit", args=[store.name]),
        expect=store.name,
    )


def _existing(name: str) -> BlobStore:
    try:
        return find_blob_store(name)
    except (NotFound, OperationRefused):
        raise Http404 from None


def _settings(form: FileForm | S3Form, type_name: str, name: str) -> BlobStoreSettings:
    return BlobStoreSettings(
        name=name, type=type_name, configuration=form.configuration(), quota=form.quota()
    )


def _crumbs(*more: Crumb) -> list[Crumb]:
    return [Crumb(_("Repository")), Crumb(_("Blob Stores"), reverse("blob-stores")), *more]
