"""HAProxy: users are split by a hash of their key, so that shares are exact and nobody changes sides.

None of HAProxy's balancing algorithms is used for it: ``random`` compares two draws and sends another share than its weights
say, and none of them takes a salt.
"""

from collections.abc import Iterator

from model_ratchet.core.names import Version
from model_ratchet.documents.traffic import HaproxyTraffic
from model_ratchet.render.traffic.routes import MIRRORED, PARTS, REQUEST_ID, Routes, place


def haproxy(known: Routes, traffic: HaproxyTraffic) -> str:
    """A file beside the one with ``global`` and ``defaults``: HAProxy reads several."""
    lines = [*(f"# {line}" for line in known.title), "# Give it to haproxy with another -f.", ""]
    lines += _frontend(known, traffic)
    for version in known.serving:
        lines += _backend(known, traffic, version)
    if known.warm is not None:
        # its health is watched, and that it can't be found keeps nothing from starting
        lines += _backend(known, traffic, known.warm, " init-addr last,libc,none")
    return "\n".join(lines).rstrip() + "\n"


def _frontend(known: Routes, traffic: HaproxyTraffic) -> Iterator[str]:
    bind = f":{traffic.listen}" if isinstance(traffic.listen, int) else traffic.listen
    yield from (
        f"frontend ratchet_{known.model}",
        "    mode http",
        f"    bind {bind}",
        "    option forwardfor",
        f"    http-request del-header {MIRRORED}",
        f"    http-request set-header {REQUEST_ID} %[uuid()]",
    )
    if known.sharing is not None:
        other = _backend_name(known, known.sharing)
        key = traffic.key
        if key is None:
            yield f"    use_backend {other} if {{ rand({PARTS}) lt {known.share} }}"
        else:
            fetch = f"req.fhdr({key.header})" if key.header is not None else f"req.cook({key.cookie})"
            part = f"var(txn.ratchet_key),xxh32({_seed(known)}),mod({PARTS})"
            there = "{ var(txn.ratchet_key) -m len gt 0 }"
            yield from (
                f"    http-request set-var(txn.ratchet_key) {fetch}",
                f"    http-request set-var(txn.ratchet_part) {part}",
                f"    use_backend {other} if {there} {{ var(txn.ratchet_part) -m int lt {known.share} }}",
            )
    yield from (f"    default_backend {_backend_name(known, known.main)}", "")


def _backend(known: Routes, traffic: HaproxyTraffic, version: Version, more: str = "") -> Iterator[str]:
    yield from (
        f"backend {_backend_name(known, version)}",
        "    mode http",
        f"    server {version.slug} {place(traffic.backend, version)} check{more}",
        "",
    )


def _backend_name(known: Routes, version: Version) -> str:
    return f"ratchet_{known.model}_{version.slug}"


def _seed(known: Routes) -> int:
    """The hash takes whole numbers: 31 bits of the seed, so that no sign comes into it."""
    return int(known.seed[:8], 16) >> 1
