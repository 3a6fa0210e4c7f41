"""Forms of the web interface: how fields look, and how an action's refusal comes back to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise

from nexuslite.errors import Conflict, NotFound, OperationRefused, ValidationError

REFUSALS = (ValidationError, OperationRefused, Conflict, NotFound)
"""What an action raises that the reader of a form can do something about."""

_CLASSES: dict[type, str] = {
    forms.CheckboxInput: "form-check-input",
    # Their class would go to the box around the choices, too.
    forms.RadioSelect: "nl-choices-of",
    forms.Select: "form-select",
}


class FormRenderer(TemplatesSetting):
    """Renders fields by the templates of this project."""

    field_template_name = "forms/field.html"


class ActionForm(forms.Form):
    """A form whose values an action judges.

    `FIELDS_OF_ERRORS` leads from the ids of an action's errors, which are REST's, to fields here;
    ids that are not in it and are no field's name are told above the form.
    """

    FIELDS_OF_ERRORS: ClassVar[Mapping[str, str]] = {}
    required_css_class = "is-required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", _css_class(field.widget))

    def perform(self, action: Callable[[dict[str, Any]], object]) -> bool:
        """Whether the values are valid and the action took them; else the errors are in the form.

        Raises whatever the action raises that is no refusal of the values, such as `NotPermitted`.
        """
        if not self.is_valid():
            return False
        try:
            action(self.cleaned_data)
        except REFUSALS as refusal:
            self.take(refusal)
            return False
        return True

    def take(self, refusal: Exception) -> None:
        """Puts what an action refused beside the fields that it is about."""
        if not isinstance(refusal, ValidationError):
            self.add_error(None, str(refusal))
            return
        for error in refusal.errors:
            field = self.FIELDS_OF_ERRORS.get(error.id, error.id)
            self.add_error(field if field in self.fields else None, _sentence(error.message))


class TransferList(forms.SelectMultiple):
    """Two lists, what is there and what is chosen. Without JavaScript a list to mark in.

    `descriptions` are by value. In an ordered one the chosen keep the order they were given in.
    """

    template_name = "forms/transfer.html"

    def __init__(
        self, chosen_label: str | Promise, *, ordered: bool = False, attrs: Any = None
    ) -> None:
        super().__init__(attrs)
        self.chosen_label = chosen_label
        self.ordered = ordered
        self.descriptions: Mapping[str, str | Promise] = {}

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """The list itself, with the chosen ones first where their order counts."""
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        options = [option for _, group, _ in widget["optgroups"] for option in group]
        for option in options:
            option["description"] = self.descriptions.get(str(option["value"]), "")
        if self.ordered:
            places = {str(each): place for place, each in enumerate(value or ())}
            options.sort(key=lambda option: places.get(str(option["value"]), len(places)))
        widget["options"] = options
        widget["chosen_label"] = self.chosen_label
        widget["ordered"] = self.ordered
        return context


class TransferField(forms.MultipleChoiceField):
    """Values chosen by a `TransferList`; the order they come in is kept."""

    widget: TransferList

    def offer(self, options: Iterable[tuple[str, str, str]]) -> None:
        """Sets what can be chosen: value, label and description of each."""
        options = list(options)
        self.choices = [(value, label) for value, label, _ in options]
        self.widget.descriptions = {value: description for value, _, description in options}


def _css_class(widget: forms.Widget) -> str:
    for kind, name in _CLASSES.items():
        if isinstance(widget, kind):
            return name
    return "form-control"


def _sentence(message: str) -> str:
    """Nexus's fragments, such as "must not be empty", as something one would say."""
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "]")) else ".")
