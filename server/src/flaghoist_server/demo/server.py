"""The demo's server: an ordinary one, told by variables, that ends with the demo."""

from __future__ import annotations

import os

from flaghoist_server.demo.parent import end_with_parent
from flaghoist_server.serve import Server
from flaghoist_server.settings import Settings

if __name__ == "__main__":
    end_with_parent()
    Server(Settings.of(os.environ)).run()
