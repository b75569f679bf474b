"""The demo's server: an ordinary one, told by variables, that ends with the demo."""

from __future__ import annotations

import os
import sys

from flaghoist_server.demo.parent import end_with_parent
from flaghoist_server.serve import run
from flaghoist_server.settings import Settings

if __name__ == "__main__":
    end_with_parent()
    sys.exit(run(Settings.of(os.environ)))
