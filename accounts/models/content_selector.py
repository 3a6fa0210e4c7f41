"""Content selectors."""

from __future__ import annotations

from django.db import models

from accounts.content_access import SelectorRecord


class ContentSelector(models.Model):
    """A named condition on content, which privileges refer to by its name."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True, default="")
    expression = models.TextField()
    """CSEL; what is stored has been parsed before."""

    class Meta:
        db_table = "accounts_content_selector"

    def __str__(self) -> str:
        return self.name

    def record(self) -> SelectorRecord:
        """The selector as a value."""
        return SelectorRecord(self.name, self.expression, self.description)
