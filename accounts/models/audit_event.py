"""The audit: who did what. Rows are added and, when they are old, deleted; never changed."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """One event, or `count` alike between `timestamp` and `last`. See `accounts.audit.event`."""

    timestamp = models.DateTimeField()
    last = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=1)
    domain = models.CharField(max_length=60)
    type = models.CharField(max_length=40)
    context = models.CharField(max_length=1024, blank=True)
    initiator = models.CharField(max_length=200)
    source = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=100, blank=True)
    realm = models.CharField(max_length=100, blank=True)
    credential = models.CharField(max_length=20, blank=True)
    token_id = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    node = models.CharField(max_length=100, blank=True)
    by_stranger = models.BooleanField(default=False)
    """Whether somebody unknown could cause it at will; of these only so many are kept."""
    attributes = models.JSONField(default=dict)

    class Meta:
        db_table = "accounts_audit_event"
        indexes = [
            models.Index(fields=["timestamp"], name="accounts_audit_time"),
            models.Index(fields=["initiator", "id"], name="accounts_audit_initiator"),
            models.Index(fields=["domain", "type", "id"], name="accounts_audit_domain"),
            models.Index(
                fields=["id"],
                condition=models.Q(by_stranger=True),
                name="accounts_audit_by_stranger",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.initiator} {self.domain} {self.type} {self.context}"
