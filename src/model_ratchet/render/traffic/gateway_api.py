"""Gateway API: an HTTPRoute with weights, which splits requests one by one, and a mirror for a version that serves nobody."""

from model_ratchet.core.names import Version
from model_ratchet.documents.traffic import GatewayApiTraffic
from model_ratchet.render.traffic.kubernetes import manifest, per_cent
from model_ratchet.render.traffic.routes import PARTS, Routes, place


def gateway_api(known: Routes, traffic: GatewayApiTraffic) -> str:
    """One HTTPRoute."""
    weights = known.serving.items()
    rule: dict[str, object] = {
        "backendRefs": [{**_service(traffic, one, traffic.port), "weight": weight} for one, weight in weights]
    }
    if traffic.mirror_port is not None and known.mirrored_to:
        (to,) = known.mirrored_to
        mirror: dict[str, object] = {"backendRef": _service(traffic, to, traffic.mirror_port)}
        if known.mirror < PARTS:
            mirror["percent"] = per_cent(known.mirror)
        rule["filters"] = [{"type": "RequestMirror", "requestMirror": mirror}]
    parent = {"name": traffic.gateway.name}
    if traffic.gateway.namespace is not None:
        parent["namespace"] = traffic.gateway.namespace
    spec: dict[str, object] = {"parentRefs": [parent], "rules": [rule]}
    if traffic.hostnames:
        spec["hostnames"] = sorted(traffic.hostnames)
    return manifest(known, api="gateway.networking.k8s.io/v1", kind="HTTPRoute", namespace=traffic.namespace, spec=spec)


def _service(traffic: GatewayApiTraffic, version: Version, port: int) -> dict[str, object]:
    return {"name": place(traffic.service, version), "port": port}
