"""An HTTP proxy as some companies have it: it knows requests and answers, and no websockets."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["PlainProxy"]


class PlainProxy:
    """Passes requests on, without their Upgrade. `answers` counts (method, path, status)."""

    def __init__(self, target: str) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()
        self.upgrade_status = 426
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if "Upgrade" in self.headers:
                    self._answer(proxy.upgrade_status, b"", {})
                else:
                    self._pass_on(None)

            def do_POST(self) -> None:
                self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

            def _pass_on(self, body: bytes | None) -> None:
                connection = http.client.HTTPConnection(target.removeprefix("http://"), timeout=5)
                headers = {name: text for name, text in self.headers.items() if name != "Host"}
                try:
                    connection.request(self.command, self.path, body, headers)
                    answer = connection.getresponse()
                    self._answer(answer.status, answer.read(), dict(answer.headers))
                except OSError:
                    self._answer(502, b"", {})
                finally:
                    connection.close()

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                proxy.answers[self.command, self.path, status] += 1
                self.send_response(status)
                for name, text in headers.items():
                    if name.lower() in ("content-type", "etag", "retry-after"):
                        self.send_header(name, text)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
