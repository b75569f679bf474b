"""A store in Redis: one server, Sentinels or a Cluster."""

from flaghoist_server.store.redis.store import RedisStore

__all__ = ["RedisStore"]
