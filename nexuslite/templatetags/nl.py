"""Template tags of the web interface: icons and copy buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

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


_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@register.filter
def size(value: int) -> SafeString:
    """Bytes in decimal units as docker shows them; the exact number is in the title."""
    return format_html('<span title="{}">{}</span>', _("%s bytes") % value, _size(value))


@register.simple_tag
def size_range(smallest: int, largest: int) -> SafeString:
    """What the platforms of an image take; one number where all read the same."""
    low, high = _size(smallest), _size(largest)
    text = low if low == high else f"{low} – {high}"
    exact = _("%s bytes") % f"{smallest} – {largest}"
    return format_html('<span title="{}">{}</span>', exact, text)


def _size(value: int) -> str:
    amount = float(value)
    unit = 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount /= 1000
        unit += 1
    text = f"{amount:.3g}" if unit and amount < 100 else f"{amount:.0f}"
    return f"{text} {_UNITS[unit]}"


@register.filter
def when(value: datetime | None) -> SafeString | str:
    """How long ago; the moment itself is in the title."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago>{}</time>',
        value.isoformat(timespec="seconds"),
        f"{value:%Y-%m-%d %H:%M:%S}",
        naturaltime(value),
    )


@register.filter
def digest(value: str) -> SafeString:
    """The first twelve characters of a digest; all of it is in the title."""
    text = value.partition(":")[2] or value
    return format_html('<code title="{}">{}</code>', value, text[:12])


@register.simple_tag
def label_value(value: str) -> SafeString | str:
    """A label's text; a link where it is an address of the web, and nothing else (fault 29)."""
    if value.startswith(("https://", "http://")) and not any(mark in value for mark in "\"'<> "):
        return format_html('<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>', value)
    return value


@register.simple_tag
def layer_bar(shares: Sequence[Any], label: str) -> SafeString:
    """Layers by their share of the size: each with `number`, `start` and `width` in per cent."""
    if not shares:
        return format_html("")
    rows = (
        (share.start, share.width, "abcd"[place % 4], share.number)
        for place, share in enumerate(shares)
    )
    return format_html(
        '<svg class="nl-layerbar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        label,
        format_html_join(
            "",
            '<rect x="{}" y="0" width="{}" height="4" class="is-{}"><title>{}</title></rect>',
            rows,
        ),
    )
