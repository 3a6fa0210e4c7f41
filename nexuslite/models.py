"""Rows that belong to the deployment rather than to an app."""

from __future__ import annotations

from django.db import models


class Stamp(models.Model):
    """A cache stamp shared by several nodes; see `nexuslite.stamps`."""

    slot = models.IntegerField(primary_key=True)
    stamp = models.BigIntegerField()

    class Meta:
        db_table = "nexuslite_stamp"
