"""The app of the deployment."""

from django.apps import AppConfig


class NexusliteConfig(AppConfig):
    """Commands and rows that belong to the program as a whole."""

    name = "nexuslite"
