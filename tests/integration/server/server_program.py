"""`flaghoist serve` with settings that the command has no words for: limits of streams and files.

Its one argument is JSON: {"settings": {...}, "stream": {...}, "files": n}. The process is otherwise what an
operator runs: signals, drain, exit code.
"""

from __future__ import annotations

import json
import resource
import sys

from flaghoist_server.hub.limits import StreamLimits
from flaghoist_server.serve import run
from flaghoist_server.settings import Settings

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    if told["files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (told["files"], told["files"]))
    sys.exit(run(Settings(**told["settings"], stream=StreamLimits(**told["stream"]))))
