"""What the service says of itself: logs, metrics and, where a site asks for them, traces."""

from cds_service.observability.logs import configure_logging, logger, where

__all__ = ["configure_logging", "logger", "where"]
