"""KServe: an InferenceService whose newest revision gets a share of the requests, and the one before it all others."""

from model_ratchet.documents.traffic import KserveTraffic
from model_ratchet.render.traffic.kubernetes import manifest, per_cent
from model_ratchet.render.traffic.routes import Routes, place


def kserve(known: Routes, traffic: KserveTraffic) -> str:
    """One InferenceService. What is not the newest revision is the cluster's memory: the last one that had all requests."""
    newest = known.other if known.other is not None else known.main
    model: dict[str, object] = {
        "modelFormat": {"name": traffic.format},
        "storageUri": place(traffic.storage, newest),
    }
    if traffic.runtime is not None:
        model["runtime"] = traffic.runtime
    predictor: dict[str, object] = {"minReplicas": traffic.min_replicas, "model": model}
    if traffic.service_account is not None:
        predictor["serviceAccountName"] = traffic.service_account
    if known.other is not None:
        predictor["canaryTrafficPercent"] = per_cent(known.share)
    return manifest(
        known,
        api="serving.kserve.io/v1beta1",
        kind="InferenceService",
        namespace=traffic.namespace,
        spec={"predictor": predictor},
    )
