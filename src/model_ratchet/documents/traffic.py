"""Traffic in the model file: which router carries the shares, and where it finds each version. One form for each target.

Whatever stands here goes into the configuration of a router, so that every field has an alphabet of its own in which
nothing is left that could end a word, a quote or a line there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, Self, TypeAlias, assert_never

from pydantic import AfterValidator, Field, model_validator

from model_ratchet.core.fields import DurationField, Model
from model_ratchet.core.units import Dimension, Duration
from model_ratchet.documents.fault import Fault, refuse
from model_ratchet.documents.yaml import Path

_VARIABLE = re.compile(r"\{\{\s*(\w*)\s*\}\}", re.ASCII)
_LONGEST = {"slug": "v" + "9" * 36, "version": "v999999.999999.999999_99991231_235959"}
"""What a version is at its longest: what fits with it fits with every version."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_STORAGE = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._~/-]+", re.ASCII)
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
_COOKIE = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)


def filled(template: str, *, version: str, slug: str) -> str:
    """A template with its ``{{ version }}`` and ``{{ slug }}`` filled in."""
    values = {"version": version, "slug": slug}
    return _VARIABLE.sub(lambda match: values[match[1]], template)


def _of_version(text: str, *known: str) -> str:
    """A template that is another text for each version, filled with the longest one."""
    named = _VARIABLE.findall(text)
    for name in named:
        if name not in known:
            hint = "{{ slug }}" if name == "version" else " or ".join(f"{{{{ {one} }}}}" for one in known)
            why = ": a version has dots and underscores, which no name of a host may hold" if name == "version" else ""
            raise ValueError(f"{{{{ {name} }}}} can't stand here{why}: write {hint}")
    if not named:
        raise ValueError(
            f"{text!r} is the same for every version: write {{{{ {known[0]} }}}} where the version belongs"
        )
    return filled(text, **_LONGEST)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and text[0] != "0" and int(text) <= 65535


def _address(text: str) -> str:
    host, _, port = _of_version(text, "slug").rpartition(":")
    if _HOST.fullmatch(host) is None or not port or not _is_port(port):
        raise ValueError(
            f"{text!r} is no address of a server: write host:port in lower case, such as model-{{{{ slug }}}}.models.svc:8000"
        )
    return text


def _label(text: str) -> str:
    if re.fullmatch(_LABEL, _of_version(text, "slug"), re.ASCII) is None:
        raise ValueError(
            f"{text!r} is no name of an object in Kubernetes: lower-case letters, digits and '-', at most 63 with the version"
        )
    return text


def _host_of_version(text: str) -> str:
    if _HOST.fullmatch(_of_version(text, "slug")) is None:
        raise ValueError(f"{text!r} is no name of a host: write labels of lower-case letters, digits and '-'")
    return text


def _storage(text: str) -> str:
    if _STORAGE.fullmatch(_of_version(text, "version", "slug")) is None:
        raise ValueError(f"{text!r} is no address of a stored model: write such as s3://models/late/{{{{ version }}}}/")
    return text


def _name(text: str) -> str:
    if re.fullmatch(_LABEL, text, re.ASCII) is None:
        raise ValueError(f"{text!r} is no name in Kubernetes: lower-case letters, digits and '-', at most 63")
    return text


def _host(text: str) -> str:
    if _HOST.fullmatch(text.removeprefix("*.")) is None:
        raise ValueError(f"{text!r} is no name of a host: write labels of lower-case letters, digits and '-'")
    return text


def _gateway(text: str) -> str:
    if re.fullmatch(rf"(?:{_LABEL}/)?{_LABEL}", text, re.ASCII) is None:
        raise ValueError(f"{text!r} is no Gateway of Istio: write namespace/name, or mesh")
    return text


def _listen(text: object) -> object:
    if not isinstance(text, str):
        return text
    address, _, port = text.rpartition(":")
    octets = address.split(".")
    if not port or not _is_port(port) or len(octets) != 4 or not all(_is_octet(one) for one in octets):
        raise ValueError(f"{text!r} is nothing to listen on: write a port, or such as 127.0.0.1:8080")
    return text


def _is_octet(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and int(text) <= 255


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(f"{text!r} is {what}")
        return text

    return check


_HEADER_NAME = _matching(_HEADER, "no name of a header: write letters, digits and '-', such as X-User-Id")
_COOKIE_NAME = _matching(_COOKIE, "no name of a cookie: write letters, digits and '_', such as uid")

Port: TypeAlias = Annotated[int, Field(ge=1, le=65535)]
Address: TypeAlias = Annotated[str, AfterValidator(_address), Field(examples=["late-{{ slug }}.models.svc:8000"])]
Listen: TypeAlias = Port | Annotated[str, AfterValidator(_listen), Field(examples=["127.0.0.1:8080"])]
ServiceOfVersion: TypeAlias = Annotated[str, AfterValidator(_label), Field(examples=["late-{{ slug }}"])]
HostOfVersion: TypeAlias = Annotated[
    str, AfterValidator(_host_of_version), Field(examples=["late-{{ slug }}.models.svc.cluster.local"])
]
Storage: TypeAlias = Annotated[str, AfterValidator(_storage), Field(examples=["s3://models/late/{{ version }}/"])]
Name: TypeAlias = Annotated[str, AfterValidator(_name), Field(examples=["models"])]
Host: TypeAlias = Annotated[str, AfterValidator(_host), Field(examples=["late.example.com"])]
GatewayName: TypeAlias = Annotated[str, AfterValidator(_gateway), Field(examples=["istio-system/public"])]


class Key(Model):
    """Where a request says whose it is. A request without it is served by the active version."""

    header: Annotated[str, AfterValidator(_HEADER_NAME)] | None = None
    """The header that holds it."""
    cookie: Annotated[str, AfterValidator(_COOKIE_NAME)] | None = None
    """The cookie that holds it."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.header is None) == (self.cookie is None):
            raise ValueError("name either the `header` or the `cookie` that holds the key")
        return self


class HashingRouter(Model):
    """A router that splits users by a hash of their key, so that each stays with a version."""

    target: str
    listen: Listen
    """A port, or an address and a port."""
    backend: Address
    """Where a version's server is, with ``{{ slug }}`` for the version."""
    key: Key | None = None
    """Needed where the model file names an ``assignment``; without it requests are split one by one."""


class NginxTraffic(HashingRouter):
    """nginx: shares of users by ``split_clients``, mirroring in both directions."""

    target: Literal["nginx"]
    mirror_port: Port | None = None
    """A free port of the loopback interface, through which nginx hands mirrored requests on so that no user waits for them."""
    mirror_at_once: Annotated[int, Field(ge=1, le=100_000)] = 256
    """How many mirrored requests may be under way at once; more are dropped, so that a slow version holds nothing up."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.mirror_port is not None and str(self.listen).rpartition(":")[2] == str(self.mirror_port):
            refuse((Fault(("mirror_port",), f"{self.mirror_port} is the port that clients use: name another one"),))
        return self


class HaproxyTraffic(HashingRouter):
    """HAProxy: shares of users by a hash; it can't mirror."""

    target: Literal["haproxy"]


class ParentGateway(Model):
    """The Gateway that a route belongs to."""

    name: Name
    """Its name."""
    namespace: Name | None = None
    """Its namespace."""


class GatewayApiTraffic(Model):
    """An HTTPRoute of the Gateway API: shares of requests, mirroring of a version that serves nobody."""

    target: Literal["gateway-api"]
    service: ServiceOfVersion
    """The Service of a version, with ``{{ slug }}`` for the version."""
    port: Port
    """The port of the Services."""
    mirror_port: Port | None = None
    """The port of a Service at which everything that arrives is mirrored: the route can't mark mirrored requests otherwise."""
    gateway: ParentGateway
    """The Gateway that the route belongs to."""
    hostnames: tuple[Host, ...] = ()
    """The host names of the route."""
    namespace: Name | None = None
    """The namespace of what is rendered."""


class IstioTraffic(Model):
    """A VirtualService of Istio: shares of requests, mirroring of a version that serves nobody."""

    target: Literal["istio"]
    host: HostOfVersion
    """The host of a version's Service, with ``{{ slug }}`` for the version."""
    port: Port
    """The port of the Services."""
    mirror_port: Port | None = None
    """The port at which everything that arrives is mirrored: the route can't mark mirrored requests otherwise."""
    hosts: tuple[Host, ...] = Field(min_length=1)
    """The names by which clients know the model."""
    gateways: tuple[GatewayName, ...] = ()
    """The gateways of the VirtualService."""
    namespace: Name | None = None
    """The namespace of what is rendered."""


class KserveTraffic(Model):
    """An InferenceService of KServe: shares of requests; it can't mirror."""

    target: Literal["kserve"]
    storage: Storage
    """Where a version is stored, with ``{{ version }}`` or ``{{ slug }}`` for the version."""
    format: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["sklearn"])]
    """The format of the model, as KServe names it."""
    runtime: Name | None = None
    """The serving runtime."""
    service_account: Name | None = None
    """The service account of the predictor."""
    min_replicas: Annotated[int, Field(ge=0, le=1000)] = 1
    """How many replicas are always there."""
    namespace: Name | None = None
    """The namespace of what is rendered."""


class RolloutsRouter(Model):
    """What carries the weights of a Rollout."""

    virtual_service: Name | None = None
    """A VirtualService of Istio."""
    ingress: Name | None = None
    """An Ingress of the NGINX controller."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.virtual_service is None) == (self.ingress is None):
            raise ValueError(
                "name either the `virtual_service` of Istio or the `ingress` of NGINX: without a router a Rollout "
                "counts instances, and 5% takes twenty of them"
            )
        return self


class RolloutsServices(Model):
    """The two Services between which a Rollout moves requests."""

    stable: Name
    """The Service of the active version."""
    canary: Name
    """The Service of the candidate."""


class RolloutsTraffic(Model):
    """A Rollout of Argo Rollouts: shares of requests; with Istio, mirroring of a candidate that serves nobody."""

    target: Literal["argo-rollouts"]
    workload: ServiceOfVersion
    """The Deployment that holds the template of a version's instances, with ``{{ slug }}`` for the version."""
    replicas: Annotated[int, Field(ge=1, le=10_000)]
    """How many replicas run."""
    services: RolloutsServices
    """The Services between which requests move."""
    router: RolloutsRouter
    """What carries the weights."""
    keep_previous: DurationField = Duration.parse("24h", Dimension.TIME)
    """How long the instances of the version that was replaced go on running."""
    namespace: Name | None = None
    """The namespace of what is rendered."""


Traffic: TypeAlias = Annotated[
    NginxTraffic | HaproxyTraffic | GatewayApiTraffic | IstioTraffic | KserveTraffic | RolloutsTraffic,
    Field(discriminator="target"),
]

_STEP = 10_000
"""The finest share of the routers that hash, as parts of the whole: 0.01 %."""


def object_name(model: str) -> str:
    """A model's name as Kubernetes takes it: ``_`` becomes ``-``. Two models may meet in one name; see ``claims``."""
    return model.replace("_", "-")


def claims(model: str, traffic: Traffic) -> Mapping[Path, str]:
    """What only one model can have, by the key that claims it: ports, and names of objects."""
    match traffic:
        case NginxTraffic() | HaproxyTraffic():
            listen = f"*:{traffic.listen}" if isinstance(traffic.listen, int) else traffic.listen
            found: dict[Path, str] = {("traffic", "listen"): f"{traffic.target} on {listen}"}
            if isinstance(traffic, NginxTraffic) and traffic.mirror_port is not None:
                found["traffic", "mirror_port"] = f"nginx on 127.0.0.1:{traffic.mirror_port}"
            return found
        case GatewayApiTraffic() | IstioTraffic() | KserveTraffic() | RolloutsTraffic():
            where = f" in {traffic.namespace}" if traffic.namespace is not None else ""
            return {("name",): f"the {traffic.target} object {object_name(model)}{where}"}
        case _:
            assert_never(traffic)


def traffic_faults(traffic: Traffic, assignment: str | None, *, mirror_previous: bool) -> Iterator[Fault]:
    """Where the rest of the model file asks of the router what it can't do, or what it is not told how to do."""
    if mirror_previous:
        yield from unable(traffic, assignment, share=0, mirror=1, candidate=False)
    if not isinstance(traffic, HashingRouter):
        return
    if assignment is not None and traffic.key is None:
        message = (
            f"users by `assignment: {assignment}` stay with their version only where the router knows them: "
            "add `key: {header: …}` or `key: {cookie: …}`"
        )
        yield Fault(("traffic",), message, at_key=True)
    if assignment is None and traffic.key is not None:
        message = "the log must tell what the router hashes: name its column in `assignment`, or leave `key` out"
        yield Fault(("traffic", "key"), message, at_key=True)


def unable(
    traffic: Traffic, assignment: str | None, *, share: float, mirror: float, candidate: bool = True
) -> Iterator[Fault]:
    """What a target can't do of this: the candidate's share of users, and the share of requests that both arms score.

    Without a candidate the other arm is the previous version. The path of a fault starts at the model file. Nothing is
    rendered of which there is a fault.
    """
    target = ("traffic", "target")
    split = 0 < share < 1
    if mirror:
        yield from _no_mirror(traffic, mirror, split=split, candidate=candidate)
    step = _STEP if isinstance(traffic, HashingRouter | GatewayApiTraffic) else 100
    if not _whole(share * step):
        yield Fault(target, f"{traffic.target} takes shares in steps of {100 / step:g}%, not {share:.4%}")
    if split and assignment is not None and not isinstance(traffic, HashingRouter):
        message = (
            f"{traffic.target} splits requests one by one, so that no user by `assignment: {assignment}` would stay with a "
            "version: route by nginx or haproxy, or leave `assignment` out"
        )
        yield Fault(target, message)


def _no_mirror(traffic: Traffic, mirror: float, *, split: bool, candidate: bool) -> Iterator[Fault]:
    target = ("traffic", "target")
    match traffic:
        case HaproxyTraffic() | KserveTraffic():
            yield Fault(target, f"{traffic.target} can't mirror requests: route by nginx, istio or gateway-api")
            return
        case RolloutsTraffic() if traffic.router.virtual_service is None:
            message = "an Ingress can't mirror requests for a Rollout: name a `virtual_service`"
            yield Fault(("traffic", "router"), message, at_key=True)
        case RolloutsTraffic() if not candidate:
            yield Fault(target, "a Rollout mirrors to a candidate only, and the previous version is none")
        case NginxTraffic() | GatewayApiTraffic() | IstioTraffic() if traffic.mirror_port is None:
            yield Fault(
                ("traffic",), f"{traffic.target} mirrors through a port of its own: add `mirror_port`", at_key=True
            )
    if split and not isinstance(traffic, NginxTraffic):
        message = (
            f"{traffic.target} can't mirror in both directions while two versions serve: mirror in a stage without "
            "`traffic`, or route by nginx"
        )
        yield Fault(target, message)
    step = 100 if isinstance(traffic, GatewayApiTraffic | RolloutsTraffic) else _STEP
    if not _whole(mirror * step):
        yield Fault(target, f"{traffic.target} mirrors in steps of {100 / step:g}%, not {mirror:.4%}")


def _whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6
