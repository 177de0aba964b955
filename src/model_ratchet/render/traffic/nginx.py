"""nginx: users are split by a hash of their key, and requests are mirrored without anybody waiting for the mirror.

nginx lets a connection go on only once the mirrored request is answered. Mirrored requests therefore take a second step: a
server of the same nginx on the loopback interface answers at once, and does the mirroring that may take long.
"""

import hashlib
from collections.abc import Iterator

from model_ratchet.documents.traffic import Key, NginxTraffic
from model_ratchet.render.traffic.routes import MIRRORED, PARTS, REQUEST_ID, Routes, place

_MIRROR = "/ratchet/mirror"


def nginx(known: Routes, traffic: NginxTraffic) -> str:
    """A file to be included in the ``http`` block."""
    lines = [*(f"# {line}" for line in known.title), "# Include it in the http block of nginx.", ""]
    lines += _upstreams(known, traffic)
    lines += _variables(known, traffic)
    lines += _server(known, traffic)
    if known.mirror:
        lines += _mirror_server(known, traffic)
    return "\n".join(lines) + "\n"


def _upstreams(known: Routes, traffic: NginxTraffic) -> Iterator[str]:
    for version in known.serving:
        server = place(traffic.backend, version)
        yield from (f"upstream {_pool(known, version.slug)} {{", f"    server {server};", "}", "")
    for version in known.mirrored_to:
        pool = _mirror_pool(known, version.slug)
        server = f"{place(traffic.backend, version)} max_conns={traffic.mirror_at_once}"
        yield from (f"upstream {pool} {{", f"    zone {pool} 64k;", f"    server {server};", "}", "")


def _variables(known: Routes, traffic: NginxTraffic) -> Iterator[str]:
    """The variables that name the arm of a request by its version's slug, and the arm that it is mirrored to."""
    main = known.main.slug
    if known.sharing is not None:
        other, key, drawn = known.sharing.slug, _key(traffic.key), _variable(known, "drawn")
        # hundredths of a percent are the finest that there is
        share = f"{known.share / 100:.2f}%"
        yield from (f'split_clients "{known.seed}{key}" {drawn} {{', f"    {share} {other};", f"    * {main};", "}", "")
        arm = _arm(known, traffic)
        if arm != drawn:
            yield from (f"map {key} {arm} {{", f'    "" {main};', f"    default {drawn};", "}", "")
        if known.mirror:
            yield f"map {arm} {_variable(known, 'beside')} {{"
            yield from (f"    {main} {other};", f"    {other} {main};", "}", "")
    if 0 < known.mirror < PARTS:
        share = f"{known.mirror / 100:.2f}%"
        yield f'split_clients "mirror{known.seed}$request_id" {_variable(known, "mirrored")} {{'
        yield from (f"    {share} 1;", "    * 0;", "}", "")
    if known.mirror:
        # what a header names leads to these and nowhere else
        yield f"map $http_{_lower(MIRRORED)} {_variable(known, 'to')} {{"
        yield from (f"    {version.slug} {version.slug};" for version in known.mirrored_to)
        yield from ('    default "";', "}", "")


def _server(known: Routes, traffic: NginxTraffic) -> Iterator[str]:
    split = known.sharing is not None
    arm = _inside(_arm(known, traffic)) if split else known.main.slug
    yield from ("server {", f"    listen {traffic.listen};", "    location / {")
    if known.mirror:
        yield f"        mirror {_MIRROR};"
    yield from (
        f"        proxy_pass http://{_pool(known, arm)};",
        "        proxy_http_version 1.1;",
        "        proxy_set_header Host $http_host;",
        "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        f"        proxy_set_header {REQUEST_ID} $request_id;",
        f'        proxy_set_header {MIRRORED} "";',
        "    }",
    )
    if known.mirrored_to:
        beside = _variable(known, "beside") if split else known.mirrored_to[0].slug
        yield from (f"    location = {_MIRROR} {{", "        internal;")
        if known.mirror < PARTS:
            yield f"        if ({_variable(known, 'mirrored')} = 0) {{ return 204; }}"
        yield from (
            f"        proxy_pass http://127.0.0.1:{traffic.mirror_port}$request_uri;",
            "        proxy_http_version 1.1;",
            "        proxy_ignore_client_abort on;",
            "        proxy_set_header Host $http_host;",
            "        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            f"        proxy_set_header {REQUEST_ID} $request_id;",
            f"        proxy_set_header {MIRRORED} {beside};",
            "    }",
        )
    yield "}"


def _mirror_server(known: Routes, traffic: NginxTraffic) -> Iterator[str]:
    """Answers at once, and then asks the arm that a request is mirrored to; what that answers is thrown away."""
    to = _variable(known, "to")
    yield from (
        "",
        "server {",
        f"    listen 127.0.0.1:{traffic.mirror_port};",
        "    access_log off;",
        "    client_max_body_size 0;",
        f'    if ({to} = "") {{ return 404; }}',
        "    location / {",
        f"        mirror {_MIRROR};",
        "        empty_gif;",
        "    }",
        f"    location = {_MIRROR} {{",
        "        internal;",
        f"        proxy_pass http://{_mirror_pool(known, _inside(to))}$request_uri;",
        "        proxy_http_version 1.1;",
        "        proxy_ignore_client_abort on;",
        "        proxy_set_header Host $http_host;",
        f"        proxy_set_header {MIRRORED} 1;",
        "    }",
        "}",
    )


def _pool(known: Routes, arm: str) -> str:
    return f"ratchet_{known.model}_{arm}"


def _mirror_pool(known: Routes, arm: str) -> str:
    """Servers of its own, so that what is mirrored takes no place of what is served."""
    return f"ratchet_{known.model}_mirror_{arm}"


def _variable(known: Routes, name: str) -> str:
    """A variable of this model alone. Names longer than 46 characters do not fit the tables that nginx keeps them in."""
    return f"$ratchet_{hashlib.sha256(known.model.encode()).hexdigest()[:8]}_{name}"


def _arm(known: Routes, traffic: NginxTraffic) -> str:
    """The variable with the arm of a request, where both arms serve: what was drawn, unless nobody's key was drawn for."""
    return _variable(known, "arm" if traffic.key is not None else "drawn")


def _inside(variable: str) -> str:
    """A variable as it stands inside of a word."""
    return f"${{{variable[1:]}}}"


def _key(key: Key | None) -> str:
    """What is hashed; requests are told apart by their ids where no key is named."""
    if key is None:
        return "$request_id"
    return f"$http_{_lower(key.header)}" if key.header is not None else f"$cookie_{key.cookie}"


def _lower(header: str) -> str:
    return header.lower().replace("-", "_")
