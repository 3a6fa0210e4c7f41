"""Template tags of the web interface: icons and copy buttons."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, css_class: str = "") -> SafeString:
    """An icon of the sprite; it says nothing to screen readers, the text beside it does."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        f" {css_class}" if css_class else "",
        static("img/icons.svg"),
        name,
    )


@register.inclusion_tag("parts/copy.html")
def copy_button(value: str, label: str) -> dict[str, Any]:
    """A button that copies the value; the label names the object for screen readers."""
    return {"value": value, "label": label}
