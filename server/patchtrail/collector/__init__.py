"""The collection service: enrolment, verified ingest, storage and reading back."""

from patchtrail.collector.app import build_service, create_app, server_config
from patchtrail.collector.config import CollectorConfig
from patchtrail.collector.database import FolderInUse

__all__ = ["CollectorConfig", "FolderInUse", "build_service", "create_app", "server_config"]
