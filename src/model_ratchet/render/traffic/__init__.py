"""Traffic: the configuration of a router from the desired state of a model, byte for byte the same each time."""

from collections.abc import Mapping
from typing import assert_never

from model_ratchet.documents.fault import Fault
from model_ratchet.documents.traffic import (
    GatewayApiTraffic,
    HaproxyTraffic,
    IstioTraffic,
    KserveTraffic,
    NginxTraffic,
    RolloutsTraffic,
    Traffic,
    unable,
)
from model_ratchet.engine.desired import Desired
from model_ratchet.render.traffic.argo_rollouts import argo_rollouts
from model_ratchet.render.traffic.gateway_api import gateway_api
from model_ratchet.render.traffic.haproxy import haproxy
from model_ratchet.render.traffic.istio import istio
from model_ratchet.render.traffic.kserve import kserve
from model_ratchet.render.traffic.nginx import nginx
from model_ratchet.render.traffic.routes import Routes, routes


def refusals(desired: Desired, traffic: Traffic) -> tuple[Fault, ...]:
    """What the target can't do of the desired state, with paths that start at the model file."""
    candidate = desired.candidate is not None
    return tuple(unable(traffic, desired.assignment, share=desired.share, mirror=desired.mirror, candidate=candidate))


def render(desired: Desired, traffic: Traffic) -> Mapping[str, str]:
    """File name → text, for the router of a model; nothing where no version should get a request.

    Raises:
        ValueError: the target can't do what is desired (see ``refusals``).
    """
    refused = refusals(desired, traffic)
    if refused:
        raise ValueError(refused[0].message)
    if not desired.serves:
        return {}
    ending = {"nginx": "conf", "haproxy": "cfg"}.get(traffic.target, "yaml")
    return {f"{desired.model}.{ending}": _text(routes(desired), traffic)}


def _text(known: Routes, traffic: Traffic) -> str:
    match traffic:
        case NginxTraffic():
            return nginx(known, traffic)
        case HaproxyTraffic():
            return haproxy(known, traffic)
        case GatewayApiTraffic():
            return gateway_api(known, traffic)
        case IstioTraffic():
            return istio(known, traffic)
        case KserveTraffic():
            return kserve(known, traffic)
        case RolloutsTraffic():
            return argo_rollouts(known, traffic)
        case _:
            assert_never(traffic)
