"""Truths that no schema knows, each a list of what breaks it: empty is well."""

import re
from collections.abc import Callable, Sequence

from deploy.checks.rendered import (
    Object,
    called,
    containers,
    in_bytes,
    labels_of,
    matches,
    named,
    of_kind,
    pod_of,
    secrets_of,
    workloads,
)
from tocsin_contracts.streams import CONSUMERS, SERVICES, STREAMS

Truth = Callable[[Sequence[Object]], list[str]]
NAMES = {service.replace("_", "-"): service for service in SERVICES}


def keda_scales_by_the_codes_consumers(objects: Sequence[Object]) -> list[str]:
    scaled = {
        (
            one["spec"]["scaleTargetRef"]["name"],
            trigger["metadata"]["stream"],
            trigger["metadata"]["consumer"],
        )
        for one in of_kind(objects, "ScaledObject")
        for trigger in one["spec"]["triggers"]
    }
    if not scaled:
        return []
    wanted = {
        (f"{consumer.hearer.replace('_', '-')}-worker", consumer.stream.name, consumer.name)
        for consumer in CONSUMERS
    }
    return [f"KEDA and the code differ: {one}" for one in sorted(scaled ^ wanted)]


def keda_asks_the_headless_service(objects: Sequence[Object]) -> list[str]:
    problems: list[str] = []
    for one in of_kind(objects, "ScaledObject"):
        for trigger in one["spec"]["triggers"]:
            host, _, port = trigger["metadata"]["natsServerMonitoringEndpoint"].partition(":")
            name, namespace = host.split(".")[:2]
            service = next(
                (a for a in of_kind(objects, "Service") if a["metadata"]["name"] == name), None
            )
            if not service or service["spec"].get("clusterIP") != "None":
                problems.append(f"{called(one)} asks {name}, which is no headless service")
            elif int(port) not in {a["port"] for a in service["spec"]["ports"]}:
                problems.append(f"{called(one)} asks {name} on a port it does not have")
            if namespace != one["metadata"]["namespace"]:
                problems.append(f"{called(one)} asks in another namespace")
            values = trigger["metadata"].values()
            if not all(isinstance(value, str) for value in values):
                problems.append(f"{called(one)}: KEDA takes strings only")
    return problems


def scaled_things_have_no_replicas(objects: Sequence[Object]) -> list[str]:
    targets = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")
    }
    deployments = {one["metadata"]["name"]: one for one in of_kind(objects, "Deployment")}
    return [f"{target} does not exist" for target in targets - deployments.keys()] + [
        f"{name}: replicas belong to its scaler"
        for name, one in deployments.items()
        if name in targets and "replicas" in one["spec"]
    ]


def services_and_budgets_select_pods(objects: Sequence[Object]) -> list[str]:
    pods = [pod for _, pod in workloads(objects)]
    problems: list[str] = []
    for one in of_kind(objects, "Service"):
        selector = one["spec"]["selector"]
        chosen = [pod for pod in pods if matches({"matchLabels": selector}, labels_of(pod))]
        if not chosen:
            problems.append(f"{called(one)} selects nothing")
        problems += [
            f"{called(one)}: no port {port['targetPort']} in its pods"
            for port in one["spec"]["ports"]
            if not all(port["targetPort"] in _ports(pod) for pod in chosen)
        ]
    for one in of_kind(objects, "PodDisruptionBudget"):
        if not any(matches(one["spec"]["selector"], labels_of(pod)) for pod in pods):
            problems.append(f"{called(one)} protects nothing")
    return problems


def _ports(pod: Object) -> set[str | int]:
    ports = [port for one in pod["spec"]["containers"] for port in one.get("ports", ())]
    return {port["name"] for port in ports} | {port["containerPort"] for port in ports}


OPTIONAL = {6222, 7777}  # of the components nats-cluster and monitoring
OF_OPERATORS = {5432, 8000, 9187}  # of pods that CloudNativePG makes
ELSEWHERE = {53, 443, 465, 587, 4318, 6443}  # of what is not ours


def policies_name_pods_and_ports_that_exist(objects: Sequence[Object]) -> list[str]:
    pods = [pod for _, pod in workloads(objects)]
    clusters = {one["metadata"]["name"] for one in of_kind(objects, "Cluster")}
    everything = {"postgres", *clusters}
    missing = set[str | int]() if of_kind(objects, "PodMonitor") else OPTIONAL

    def exists(selector: Object) -> bool:
        wanted = selector.get("matchLabels", {})
        if cluster := wanted.get("cnpg.io/cluster"):
            return cluster in clusters or not clusters
        if wanted.get("app.kubernetes.io/name") in everything:
            return True
        return any(matches(selector, labels_of(pod)) for pod in pods)

    def ports_of(selector: Object) -> set[str | int]:
        if "cnpg.io/cluster" in selector.get("matchLabels", {}):
            return {*OF_OPERATORS}
        chosen = [pod for pod in pods if matches(selector, labels_of(pod))]
        return {port for pod in chosen for port in _ports(pod)} | missing

    problems: list[str] = []
    for one in of_kind(objects, "NetworkPolicy"):
        own = one["spec"]["podSelector"]
        if own and not exists(own):
            problems.append(f"{called(one)} is about no pod")
            continue
        for rule in one["spec"].get("ingress", ()):
            problems += [
                f"{called(one)} opens port {port['port']}, which nobody there listens on"
                for port in rule["ports"]
                if _is_ours(own, clusters, pods) and port["port"] not in ports_of(own)
            ]
            problems += _unknown(one, rule.get("from", ()), exists)
        for rule in one["spec"].get("egress", ()):
            problems += _unknown(one, rule.get("to", ()), exists)
            problems += _closed(one, rule, exists, ports_of)
    return problems


def _is_ours(selector: Object, clusters: set[str], pods: Sequence[Object]) -> bool:
    wanted = selector.get("matchLabels", {})
    if wanted.get("cnpg.io/cluster"):
        return bool(clusters)
    return any(matches(selector, labels_of(pod)) for pod in pods)


def _unknown(
    policy: Object, peers: Sequence[Object], exists: Callable[[Object], bool]
) -> list[str]:
    return [
        f"{called(policy)} names a peer that does not exist: {peer['podSelector']}"
        for peer in peers
        if "podSelector" in peer and "namespaceSelector" not in peer
        if not exists(peer["podSelector"])
    ]


def _closed(
    policy: Object,
    rule: Object,
    exists: Callable[[Object], bool],
    ports_of: Callable[[Object], set[str | int]],
) -> list[str]:
    peers = [
        peer["podSelector"]
        for peer in rule.get("to", ())
        if "podSelector" in peer and "namespaceSelector" not in peer
    ]
    if not peers:
        return [
            f"{called(policy)} reaches out on port {port['port']}, which nobody asked for"
            for port in rule["ports"]
            if port["port"] not in ELSEWHERE
        ]
    known = {port for peer in peers if exists(peer) for port in ports_of(peer)} | OF_OPERATORS
    return [
        f"{called(policy)} reaches for port {port['port']}, which nobody there listens on"
        for port in rule["ports"]
        if port["port"] not in known
    ]


def everything_is_denied_first(objects: Sequence[Object]) -> list[str]:
    denies = [
        one
        for one in of_kind(objects, "NetworkPolicy")
        if one["spec"]["podSelector"] == {}
        and set(one["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        and not one["spec"].get("ingress")
        and not one["spec"].get("egress")
    ]
    if not denies:
        return ["nothing denies by default"]
    pods = [(called(one), pod) for one, pod in workloads(objects)]
    return [
        f"{name} has no policy that lets it reach what it needs"
        for name, pod in pods
        if not any(
            matches(policy["spec"]["podSelector"], labels_of(pod)) and policy["spec"]["podSelector"]
            for policy in of_kind(objects, "NetworkPolicy")
        )
    ]


def what_nats_may_store_adds_up(objects: Sequence[Object]) -> list[str]:
    config = named(objects, "ConfigMap", "nats")["data"]["nats-server.conf"]
    provision = named(objects, "ConfigMap", "provision")["data"]
    server = named(objects, "StatefulSet", "nats")["spec"]
    replicas = int(provision["TOCSIN_STREAM_REPLICAS"])
    stored = len(STREAMS) * int(provision["TOCSIN_STREAM_MAX_BYTES"])
    account, of_one = (_number(config, key) for key in ("max_file", "max_file_store"))
    claim = server["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"]
    problems: list[str] = []
    if account < replicas * stored:
        problems.append(f"the account may store {account}, its streams need {replicas * stored}")
    if of_one < stored:
        problems.append(f"a server may store {of_one}, its copies need {stored}")
    if in_bytes(claim) < of_one * 1.2:
        problems.append(f"a volume of {claim} leaves too little beside {of_one}")
    if replicas > server["replicas"]:
        problems.append(f"{replicas} copies on {server['replicas']} servers")
    limits = server["template"]["spec"]["containers"][0]["resources"]["limits"]
    [memory] = [
        one["value"]
        for one in server["template"]["spec"]["containers"][0]["env"]
        if one["name"] == "GOMEMLIMIT"
    ]
    if in_bytes(memory) > 0.85 * in_bytes(limits["memory"]):
        problems.append("GOMEMLIMIT leaves too little below the memory limit")
    return problems


def _number(config: str, key: str) -> int:
    [found] = re.findall(rf"^\s*{key}: (\d+)", config, re.MULTILINE)
    return int(found)


def routes_show_no_operators_door(objects: Sequence[Object]) -> list[str]:
    services = {one["metadata"]["name"]: one for one in of_kind(objects, "Service")}
    problems: list[str] = []
    for one in of_kind(objects, "HTTPRoute"):
        for rule in one["spec"]["rules"]:
            problems += [
                f"{called(one)} shows {match['path']['value']}"
                for match in rule["matches"]
                if _reaches_operators(match["path"])
            ]
            for backend in rule["backendRefs"]:
                service = services.get(backend["name"])
                if not service or backend["port"] not in {
                    port["port"] for port in service["spec"]["ports"]
                }:
                    problems.append(f"{called(one)} leads nowhere: {backend}")
                elif service["metadata"]["name"].endswith("-worker"):
                    problems.append(f"{called(one)} leads to a worker")
    return problems


def _reaches_operators(path: Object) -> bool:
    value = path["value"]
    is_above = "/v1/admin/".startswith(value.rstrip("/") + "/") and path["type"] != "Exact"
    return is_above or value.startswith("/v1/admin")


def pods_are_hardened_and_bounded(objects: Sequence[Object]) -> list[str]:
    problems: list[str] = []
    for one, pod in workloads(objects):
        if pod["spec"].get("automountServiceAccountToken") is not False:
            problems.append(f"{called(one)} is handed a token")
        for container in containers(pod):
            where = f"{called(one)}/{container['name']}"
            if not container["securityContext"].get("readOnlyRootFilesystem"):
                problems.append(f"{where} may write to its image")
            if "memory" not in container["resources"].get("limits", {}):
                problems.append(f"{where} has no memory limit")
            image = container["image"]
            if ":" not in image.rpartition("/")[2] or image.endswith(":latest"):
                problems.append(f"{where} runs whatever {image} is today")
            if any("secretKeyRef" in e.get("valueFrom", {}) for e in container.get("env", ())):
                problems.append(f"{where} has a secret in its environment")
    return problems


def volumes_and_mounts_agree(objects: Sequence[Object]) -> list[str]:
    problems: list[str] = []
    for one, pod in workloads(objects):
        claims = {
            claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", ())
        }
        there = {volume["name"] for volume in pod["spec"].get("volumes", ())} | claims
        for container in containers(pod):
            problems += [
                f"{called(one)}/{container['name']} mounts {mount['name']}, which is not there"
                for mount in container.get("volumeMounts", ())
                if mount["name"] not in there
            ]
    return problems


def each_service_reads_its_own_secrets(objects: Sequence[Object]) -> list[str]:
    problems: list[str] = []
    for one in of_kind(objects, "Deployment"):
        name = one["metadata"]["labels"]["app.kubernetes.io/name"]
        own = {name, f"postgres-{name}-app", f"postgres-{name}-ca", "nats-tls"}
        if name == "intake":
            own.add("attachment-store")
        pod = pod_of(one) or {}
        problems += [
            f"{called(one)} reads {secret}, which is another's"
            for secret, _ in secrets_of(pod)
            if secret not in own
        ]
        problems += [
            f"{called(one)} could read the key of nats-tls"
            for secret, keys in secrets_of(pod)
            if secret == "nats-tls" and keys != ("ca.crt",)
        ]
    return problems


TRUTHS: tuple[Truth, ...] = (
    keda_scales_by_the_codes_consumers,
    keda_asks_the_headless_service,
    scaled_things_have_no_replicas,
    services_and_budgets_select_pods,
    policies_name_pods_and_ports_that_exist,
    everything_is_denied_first,
    what_nats_may_store_adds_up,
    routes_show_no_operators_door,
    pods_are_hardened_and_bounded,
    volumes_and_mounts_agree,
    each_service_reads_its_own_secrets,
)
