"""uvicorn's HTTP protocol with a bound on the head of a request, which it would otherwise keep whole."""

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 << 10
"""Request line and headers together; the longest path that is looked at takes 4 KB."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head does not end in time."""

    _head_bytes = 0
    _is_head = True

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body, which its reader bounds."""
        self._is_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Begin to count the next head."""
        self._is_head = True
        self._head_bytes = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take what arrived, and refuse a head that has become too long."""
        before = self._head_bytes
        self._head_bytes += len(data) if self._is_head else 0
        super().data_received(data)
        grew = self._head_bytes > before
        if grew and self._is_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")
