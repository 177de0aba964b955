"""A Prometheus on this machine that thinks for 50 ms about each query, in a process that takes little of a processor."""

import json
import re
from asyncio import IncompleteReadError, StreamReader, StreamWriter, run, sleep, start_server
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, Process
from multiprocessing.connection import Connection
from urllib.parse import parse_qs

SECONDS = 0.05


@contextmanager
def prometheus() -> Iterator[int]:
    """Its port, as long as it runs."""
    here, there = Pipe()
    server = Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield here.recv()
    finally:
        server.terminate()


async def _talk(reader: StreamReader, writer: StreamWriter) -> None:
    """One connection, request after request. A GET is not answered: the server does not say how long it keeps its samples."""
    with suppress(IncompleteReadError, ConnectionError):
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1]) if length is not None else 0)
            status, answer = "404 Not Found", b"{}"
            if head.startswith(b"POST"):
                await sleep(SECONDS)
                form = parse_qs(body.decode())
                data = _range(form) if b"query_range" in head.partition(b"\r\n")[0] else _instant(form)
                status, answer = "200 OK", json.dumps({"status": "success", "data": data}).encode()
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
    writer.close()


def _range(form: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """A gauge of one series with a sample at each step."""
    start, end, step = (float(form[name][0]) for name in ("start", "end", "step"))
    values = [[start + step * number, "1"] for number in range(int((end - start) / step) + 1)]
    return {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}


def _instant(form: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """A latency histogram of two buckets that has grown by ten."""
    query, at = form["query"][0], float(form["time"][0])
    value = "0" if query.startswith("resets") else "10" if "[1h]" in query else "20"
    found = [{"metric": {"le": edge}, "value": [at, value]} for edge in ("500", "+Inf")]
    return {"resultType": "vector", "result": found}


def _serve(port: "Connection[int, None]") -> None:
    async def main() -> None:
        server = await start_server(_talk, "127.0.0.1", 0, backlog=512)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    run(main())
