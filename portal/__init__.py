"""The portal: a Django project around the Mobility Work partner API."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
