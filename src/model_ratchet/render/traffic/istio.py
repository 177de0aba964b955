"""Istio: a VirtualService with weights, which splits requests one by one, and a mirror for a version that serves nobody."""

from model_ratchet.core.names import Version
from model_ratchet.documents.traffic import IstioTraffic
from model_ratchet.render.traffic.kubernetes import WHOLE, manifest, per_cent
from model_ratchet.render.traffic.routes import Routes, place


def istio(known: Routes, traffic: IstioTraffic) -> str:
    """One VirtualService."""
    weights = known.serving.items()
    route: dict[str, object] = {
        "route": [
            {"destination": _host(traffic, one, traffic.port), "weight": per_cent(weight)} for one, weight in weights
        ]
    }
    if traffic.mirror_port is not None and known.mirrored_to:
        (to,) = known.mirrored_to
        route["mirror"] = _host(traffic, to, traffic.mirror_port)
        route["mirrorPercentage"] = {"value": known.mirror / WHOLE}
    spec: dict[str, object] = {"hosts": sorted(traffic.hosts), "http": [route]}
    if traffic.gateways:
        spec["gateways"] = sorted(traffic.gateways)
    return manifest(known, api="networking.istio.io/v1", kind="VirtualService", namespace=traffic.namespace, spec=spec)


def _host(traffic: IstioTraffic, version: Version, port: int) -> dict[str, object]:
    return {"host": place(traffic.host, version), "port": {"number": port}}
