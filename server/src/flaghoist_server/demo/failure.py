"""Why there is no demo, in one line."""

__all__ = ["DemoFailed"]


class DemoFailed(Exception):
    """Something did not start; the text says what, and what it said last."""
