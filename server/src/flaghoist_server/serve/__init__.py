"""Serving: the parts put together, the process's life, and nothing that decides anything.

`server` assembles and starts and stops; `process` is what the command runs: signals, exit codes,
`files` how many connections there may be; `logs` is how a server speaks, `notify` how it tells a
service manager.
"""

from flaghoist_server.serve.process import run
from flaghoist_server.serve.server import Server, ServerError

__all__ = ["Server", "ServerError", "run"]
