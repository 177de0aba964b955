"""Argo Rollouts: a Rollout that stands still at the weight of a stage until it is rendered anew."""

from model_ratchet.documents.traffic import RolloutsTraffic
from model_ratchet.render.traffic.kubernetes import manifest, per_cent
from model_ratchet.render.traffic.routes import Routes, place

_MIRROR = "ratchet-mirror"


def argo_rollouts(known: Routes, traffic: RolloutsTraffic) -> str:
    """One Rollout. Its instances are those of the Deployment that belongs to the newest version."""
    newest = known.other if known.other is not None else known.main
    canary: dict[str, object] = {
        "canaryService": traffic.services.canary,
        "stableService": traffic.services.stable,
        "trafficRouting": _routing(traffic),
        "steps": _steps(known, traffic),
        "scaleDownDelaySeconds": int(traffic.keep_previous.value),
    }
    spec = {
        "replicas": traffic.replicas,
        "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": place(traffic.workload, newest)},
        "strategy": {"canary": canary},
    }
    return manifest(known, api="argoproj.io/v1alpha1", kind="Rollout", namespace=traffic.namespace, spec=spec)


def _routing(traffic: RolloutsTraffic) -> dict[str, object]:
    if traffic.router.virtual_service is None:
        return {"nginx": {"stableIngress": traffic.router.ingress}}
    return {
        "istio": {"virtualService": {"name": traffic.router.virtual_service}},
        "managedRoutes": [{"name": _MIRROR}],
    }


def _steps(known: Routes, traffic: RolloutsTraffic) -> list[dict[str, object]]:
    """None where one version is all there is: it then gets everything at once."""
    if known.other is None:
        return []
    steps: list[dict[str, object]] = []
    if known.mirror:
        # as many instances as those that serve: it scores as much as they do
        steps.append({"setCanaryScale": {"weight": 100}})
        match = [{"path": {"prefix": "/"}}]
        steps.append({"setMirrorRoute": {"name": _MIRROR, "percentage": per_cent(known.mirror), "match": match}})
    elif traffic.router.virtual_service is not None:
        # without a match it takes the route of an earlier stage away
        steps.append({"setMirrorRoute": {"name": _MIRROR}})
    steps.append({"setWeight": per_cent(known.share)})
    steps.append({"pause": {}})
    return steps
