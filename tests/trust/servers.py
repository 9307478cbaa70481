"""Servers that do not speak as they should: each answers a connection by a function of its own."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

from tests.data.samples import api_page, api_row

Send = Callable[[bytes], None]
Script = Callable[[Send, int], None]
ROW = api_row("CHN", 2020, 2.41)
GOOD = api_page([ROW])


@contextlib.contextmanager
def raw(script: Script) -> Iterator[tuple[str, list[bytes]]]:
    """Serve what `script(send, number of the connection)` sends; yield the address and requests."""
    requests: list[bytes] = []
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)

    def answer(connection: socket.socket, number: int) -> None:
        def send(content: bytes) -> None:
            if closing.is_set():
                raise OSError
            connection.sendall(content)

        with contextlib.suppress(OSError), connection:
            asked = b""
            while b"\r\n\r\n" not in asked:
                piece = connection.recv(65_536)
                if not piece:
                    return
                asked += piece
            requests.append(asked)
            script(send, number)

    def accept() -> None:
        with contextlib.suppress(OSError):
            for number in itertools.count(1):
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection, number), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2", requests
    finally:
        closing.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def reply(body: object = GOOD, status: str = "200 OK", *headers: str) -> bytes:
    """Return a whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(content)}", "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def says(*args: object) -> Script:
    """Return the script of a server that gives one answer to everything."""
    return lambda send, _: send(reply(*args))


def sends(content: bytes) -> Script:
    """Return the script of a server that sends just these bytes."""
    return lambda send, _: send(content)


def on_and_on(start: bytes, piece: bytes, pause: float = 0.0) -> Script:
    """Return the script of a server that never ends."""

    def script(send: Send, _: int) -> None:
        send(start)
        while True:
            send(piece)
            time.sleep(pause)

    return script


def numbered(make: Callable[[int], object]) -> Script:
    """Return the script of a server whose answer depends on how often it has been asked."""
    return lambda send, number: send(reply(make(number)))


def headed(**head: object) -> list:
    """Return a good page with another head."""
    return [GOOD[0] | head, GOOD[1]]


PACKED = "Content-Encoding: gzip"
OPEN = b"HTTP/1.1 200 OK\r\n"
BODY = OPEN + b"Content-Length: 999999999\r\n\r\n"
CHUNKED = OPEN + b"Transfer-Encoding: chunked\r\n\r\n"
NEVER_ENDS = "the server took longer than 1 s in all"
REFUSED: dict[str, tuple[Script, str]] = {
    "to another host": (says(b"", "302 Found", "Location: http://127.0.0.2:1/x"), "127.0.0.2:1/x"),
    "to another port": (says(b"", "307 x", "Location: http://127.0.0.1:1/x"), "another server"),
    "to another scheme": (says(b"", "301 x", "Location: https://127.0.0.1/x"), "another server"),
    "to a file": (says(b"", "302 Found", "Location: file:///etc/passwd"), "another server"),
    "to itself": (says(b"", "302 Found", "Location: /v2"), "sends on more than 3 times"),
    "to nowhere": (says(b"", "302 Found"), "the server answered 302"),
    "to no address": (says(b"", "302 Found", "Location: http://[::1"), "no connection"),
    "another series": (says(api_page([api_row("CHN", 2020, 1.0, "SP.POP.TOTL")])),
                       "'SP.POP.TOTL': the series GB.XPD.RSDV.GD.ZS was asked for"),
    "no series": (says(api_page([{"date": "2020"}])), "was asked for"),
    "the first page again": (says(headed(pages=3, total=3)), "page 2 was asked for, and page 1"),
    "a billion pages": (says(headed(pages=10**9)), "whole numbers up to"),
    "sixty pages": (says(headed(pages=60)), "must be at most 50"),
    "ever more pages": (numbered(lambda n: headed(page=n, pages=n + 1)), "at most 50"),
    "fewer rows than it says": (says(headed(total=2)), "has 1, and says that it has 2"),
    "more rows than it says": (says(headed(total=0)), "has 1, and says that it has 0"),
    "a total that is none": (says(headed(total=[1])), "must have whole numbers"),
    "a total of digits": (says(headed(total="9" * 5000)), "must have whole numbers"),
    "a gzip bomb": (says(gzip.compress(bytes(99 << 20)), "200 OK", PACKED), "more than 32 MiB"),
    "gzip twice": (says(gzip.compress(b"x"), "200 OK", PACKED + ", gzip"), "not asked for"),
    "another packing": (says(b"x", "200 OK", "Content-Encoding: br"), "'br': is a way to pack"),
    "no gzip": (says(b"[1]", "200 OK", PACKED), "it is no gzip"),
    "half a gzip": (says(gzip.compress(b"[1]" * 99)[:-9], "200 OK", PACKED), "cut off"),
    "a large answer": (on_and_on(BODY, b"[" * 65_536), "more than 32 MiB"),
    "endless chunks": (on_and_on(CHUNKED, b"ffff\r\n" + b" " * 65_535 + b"\r\n"), "32 MiB"),
    "a slow body": (on_and_on(BODY, b" ", 0.02), NEVER_ENDS),
    "a slow head": (on_and_on(OPEN, b"X: y\r\n", 0.05), NEVER_ENDS),
    "continue and continue": (on_and_on(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02), NEVER_ENDS),
    "an endless head": (on_and_on(OPEN, b"X: " + b"y" * 9000 + b"\r\n"), "no connection"),
    "a shut door": (sends(b""), "no connection"),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH\r\n\r\n"), "no connection"),
    "a length of letters": (sends(OPEN + b"Content-Length: x\r\n\r\n"), "no connection"),
    "too short an answer": (sends(BODY + b"[1]"), "no connection"),
    "broken chunks": (sends(CHUNKED + b"zz\r\n[1]\r\n"), "no connection"),
    "escapes in the head": (sends(OPEN + b"A\x1b[2J: b\r\n\r\n[]"), "no connection"),
    "nothing": (says(b"", "204 No Content"), "the server answered 204"),
    "not modified": (says(b"", "304 Not Modified"), "the server answered 304"),
    "UTF-16": (says(json.dumps(GOOD).encode("utf-16")), "is not JSON"),
    "Latin-1": (says('[{"page": "é"}]'.encode("latin-1")), "is not JSON"),
    "deep lists": (says(b"[" * 500_000), "is not JSON"),
    "a number of thousands of digits": (says(b"[" + b"9" * 5000 + b"]"), "is not JSON"),
    "a refusal that steers": (says([{"message": [{"value": "\x1b[2J\u202e" * 99}]}]), r"\x1b[2J"),
    "busy for an hour": (says(b"", "429 x", "Retry-After: 3600"), "only in 3600 s"),
    "busy for a century": (says(b"", "503 x", "Retry-After: Fri, 01 Jan 2121 00:00:00 GMT"),
                           "try it later"),
    "busy for no time": (says(b"", "503 x", "Retry-After: soon"), "answered 503, 3 attempts"),
}  # fmt: skip
"""What servers do → what is said of it, with a deadline of a minute and three attempts.

Where it is `NEVER_ENDS`, with a deadline of a second.
"""
