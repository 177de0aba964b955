"""Reach: which addresses a source may be connected to. Names are resolved once, and what was resolved is connected to."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from model_ratchet.core.reason import Why, because
from model_ratchet.documents.origin import VARIABLE, Origin
from model_ratchet.documents.places import reached
from model_ratchet.documents.sources import Sources
from model_ratchet.sources.engine import UnanswerableError
from model_ratchet.sources.variables import fill

_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Reach:
    """Where the sources of one sources file may reach: ``origins``, and ``networks`` of addresses."""

    origins: frozenset[Origin]
    networks: tuple[str, ...] = ()

    @classmethod
    def of(cls, sources: Sources) -> "Reach":
        """What the file lists; without a list, the origins that its sources spell out."""
        urls = [url for source in sources.sources.values() for _, url in reached(source)]
        return cls.listed(sources.origins, urls, sources.networks)

    @classmethod
    def listed(cls, origins: Iterable[str], urls: Iterable[str], networks: tuple[str, ...] = ()) -> "Reach":
        """The origins that are listed; without any, those that the URLs spell out."""
        allowed = frozenset(Origin.of(origin) for origin in origins)
        spelled = frozenset(Origin.of(url) for url in urls if VARIABLE.search(url) is None)
        return cls(allowed or spelled, networks)

    def url(self, source: str, url: str, environ: Mapping[str, str]) -> tuple[str, Origin]:
        """A source's URL with its variables filled in, and its origin.

        Raises:
            UnanswerableError: a variable is not set, it is no URL, or its origin is not allowed.
        """
        filled = fill(source, url, environ)
        try:
            origin = Origin.of(filled)
        except ValueError:
            raise UnanswerableError(because(Why.ORIGIN_REFUSED, source=source, origin="no URL")) from None
        if origin not in self.origins:
            shown = str(origin) if VARIABLE.search(url) is None else f"what {url} holds"  # which could be a secret
            raise UnanswerableError(because(Why.ORIGIN_REFUSED, source=source, origin=shown))
        return filled.rstrip("/"), origin

    def address(self, source: str, host: str, port: int, *, tried: bool = True) -> str:
        """The address to connect to: the first of the host's that is allowed and accepts a connection.

        One that is the only one is not ``tried`` for who tells soon by himself that it accepts none.

        Raises:
            UnanswerableError: the name is unknown, no address of it is allowed, or none accepts a connection.
        """
        found = list(dict.fromkeys(_resolved(source, host, port)))
        allowed = [address for address in found if self._allows(ip_address(address))]
        if not allowed:
            raise UnanswerableError(because(Why.ORIGIN_REFUSED, source=source, origin=f"an address of {host}"))
        if len(allowed) == 1 and not tried:
            return allowed[0]
        for address in allowed:
            try:
                socket.create_connection((address, port), timeout=_CONNECT_SECONDS).close()
            except OSError:
                continue
            return address
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=source, status="no connection"))

    def _allows(self, address: IPv4Address | IPv6Address) -> bool:
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if self.networks:
            return any(address in ip_network(network) for network in self.networks)
        return not (address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved)


def _resolved(source: str, host: str, port: int) -> Iterator[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise UnanswerableError(because(Why.SOURCE_UNREACHABLE, source=source, status="unknown host")) from None
    yield from (str(entry[4][0]).partition("%")[0] for entry in found)
