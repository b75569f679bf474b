"""The version of this distribution; a test compares it with pyproject.toml.

Reading it from the installed metadata would cost every import 10 ms.
"""

__version__ = "0.1.0"
