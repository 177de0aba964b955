"""JSON Schemas of the manifests that are rendered: the fields that are used of each kind, closed to all others."""

from collections.abc import Mapping

Schema = Mapping[str, object]

LABEL: Schema = {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"}
DOMAIN: Schema = {"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}


def closed(required: str, **properties: Schema) -> Schema:
    """A mapping that holds these keys and no other."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def listed(items: Schema, least: int = 1, most: int = 16) -> Schema:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def kind(api: str, name: str, spec: Schema) -> Schema:
    return closed(
        "apiVersion kind metadata spec",
        apiVersion={"const": api},
        kind={"const": name},
        metadata=closed(
            "name labels",
            name=DOMAIN,
            namespace=LABEL,
            labels={"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}},
        ),
        spec=spec,
    )


BACKEND = {"name": LABEL, "port": PORT}
HTTP_ROUTE = kind(
    "gateway.networking.k8s.io/v1",
    "HTTPRoute",
    closed(
        "parentRefs rules",
        parentRefs=listed(closed("name", name=DOMAIN, namespace=LABEL)),
        hostnames=listed(DOMAIN),
        rules=listed(
            closed(
                "backendRefs",
                backendRefs=listed(
                    closed("name port", **BACKEND, weight={"type": "integer", "minimum": 0, "maximum": 1_000_000})
                ),
                filters=listed(
                    closed(
                        "type requestMirror",
                        type={"const": "RequestMirror"},
                        requestMirror=closed("backendRef", backendRef=closed("name port", **BACKEND), percent=PERCENT),
                    )
                ),
            )
        ),
    ),
)

DESTINATION = closed("host", host=DOMAIN, port=closed("number", number=PORT))
VIRTUAL_SERVICE = kind(
    "networking.istio.io/v1",
    "VirtualService",
    closed(
        "hosts http",
        hosts=listed(DOMAIN),
        gateways=listed({"type": "string", "pattern": "^([a-z0-9-]+/)?[a-z0-9-]+$"}),
        http=listed(
            closed(
                "route",
                route=listed(closed("destination", destination=DESTINATION, weight=PERCENT)),
                mirror=DESTINATION,
                mirrorPercentage=closed("value", value={"type": "number", "minimum": 0, "maximum": 100}),
            )
        ),
    ),
)

INFERENCE_SERVICE = kind(
    "serving.kserve.io/v1beta1",
    "InferenceService",
    closed(
        "predictor",
        predictor=closed(
            "model minReplicas",
            minReplicas={"type": "integer", "minimum": 0},
            canaryTrafficPercent=PERCENT,
            serviceAccountName=DOMAIN,
            model=closed(
                "modelFormat storageUri",
                modelFormat=closed("name", name={"type": "string"}),
                storageUri={"type": "string", "format": "uri"},
                runtime=DOMAIN,
            ),
        ),
    ),
)

STEP: Schema = {
    "oneOf": [
        closed("setWeight", setWeight=PERCENT),
        closed("pause", pause=closed("")),
        closed("setCanaryScale", setCanaryScale=closed("weight", weight=PERCENT)),
        closed(
            "setMirrorRoute",
            setMirrorRoute=closed(
                "name",
                name=LABEL,
                percentage=PERCENT,
                match=listed(closed("path", path=closed("prefix", prefix={"type": "string"}))),
            ),
        ),
    ]
}
ROLLOUT = kind(
    "argoproj.io/v1alpha1",
    "Rollout",
    closed(
        "replicas workloadRef strategy",
        replicas={"type": "integer", "minimum": 1},
        workloadRef=closed(
            "apiVersion kind name", apiVersion={"const": "apps/v1"}, kind={"const": "Deployment"}, name=LABEL
        ),
        strategy=closed(
            "canary",
            canary=closed(
                "canaryService stableService trafficRouting steps",
                canaryService=LABEL,
                stableService=LABEL,
                scaleDownDelaySeconds={"type": "integer", "minimum": 0},
                steps=listed(STEP, least=0),
                trafficRouting={
                    "oneOf": [
                        closed("nginx", nginx=closed("stableIngress", stableIngress=DOMAIN)),
                        closed(
                            "istio managedRoutes",
                            istio=closed("virtualService", virtualService=closed("name", name=DOMAIN)),
                            managedRoutes=listed(closed("name", name=LABEL)),
                        ),
                    ]
                },
            ),
        ),
    ),
)

SCHEMAS: Mapping[str, Schema] = {
    "HTTPRoute": HTTP_ROUTE,
    "VirtualService": VIRTUAL_SERVICE,
    "InferenceService": INFERENCE_SERVICE,
    "Rollout": ROLLOUT,
}
