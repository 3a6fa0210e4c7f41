"""The app of what is stored and served."""

from django.apps import AppConfig


class RepositoriesConfig(AppConfig):
    """Blob stores, repositories, images and the registry API."""

    name = "repositories"
