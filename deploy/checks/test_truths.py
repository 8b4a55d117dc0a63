"""The truths hold in every overlay, and each notices when it is broken."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from deploy.checks import truths
from deploy.checks.rendered import Object, named, of_kind, pod_of
from deploy.checks.truths import TRUTHS, Truth

Change = Callable[[list[Object]], Any]


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda one: one.__name__)
def test_it_holds(truth: Truth, objects: list[Object]) -> None:
    assert truth(objects) == []


def _spec(objects: list[Object], kind: str, name: str) -> Any:
    return named(objects, kind, name)["spec"]


def _pod(objects: list[Object], name: str, kind: str = "Deployment") -> Any:
    pod = pod_of(named(objects, kind, name))
    assert pod
    return pod["spec"]


def _trigger(objects: list[Object]) -> Any:
    return _spec(objects, "ScaledObject", "cases-worker")["triggers"][0]["metadata"]


def _provision(objects: list[Object]) -> Any:
    return named(objects, "ConfigMap", "provision")["data"]


def _matches(objects: list[Object]) -> Any:
    return _spec(objects, "HTTPRoute", "cases")["rules"][0]["matches"]


BROKEN: list[tuple[Truth, Change]] = [
    (
        truths.keda_scales_by_the_codes_consumers,
        lambda all_: _trigger(all_).update(consumer="cases_complaints_recieved"),
    ),
    (
        truths.keda_scales_by_the_codes_consumers,
        lambda all_: _spec(all_, "ScaledObject", "intake-worker")["triggers"].pop(),
    ),
    (
        truths.keda_asks_the_headless_service,
        lambda all_: _trigger(all_).update(
            natsServerMonitoringEndpoint="nats.tocsin.svc.cluster.local:8222"
        ),
    ),
    (truths.keda_asks_the_headless_service, lambda all_: _trigger(all_).update(lagThreshold=500)),
    (
        truths.scaled_things_have_no_replicas,
        lambda all_: _spec(all_, "Deployment", "intake-api").update(replicas=2),
    ),
    (
        truths.services_and_budgets_select_pods,
        lambda all_: _spec(all_, "Service", "intake")["ports"][0].update(targetPort="htpp"),
    ),
    (
        truths.services_and_budgets_select_pods,
        lambda all_: _spec(all_, "PodDisruptionBudget", "cases-api")["selector"].update(
            matchLabels={"app.kubernetes.io/name": "case"}
        ),
    ),
    (
        truths.policies_name_pods_and_ports_that_exist,
        lambda all_: _spec(all_, "NetworkPolicy", "intake")["egress"][0]["ports"][0].update(
            port=4223
        ),
    ),
    (
        truths.policies_name_pods_and_ports_that_exist,
        lambda all_: _spec(all_, "NetworkPolicy", "nats")["ingress"][1]["ports"][0].update(
            port=6223
        ),
    ),
    (
        truths.policies_name_pods_and_ports_that_exist,
        lambda all_: _spec(all_, "NetworkPolicy", "provision")["egress"][0]["to"][0][
            "podSelector"
        ].update(matchLabels={"app.kubernetes.io/name": "natz"}),
    ),
    (
        truths.everything_is_denied_first,
        lambda all_: all_.remove(named(all_, "NetworkPolicy", "default-deny")),
    ),
    (
        truths.everything_is_denied_first,
        lambda all_: all_.remove(named(all_, "NetworkPolicy", "provision")),
    ),
    (
        truths.what_nats_may_store_adds_up,
        lambda all_: _provision(all_).update(TOCSIN_STREAM_MAX_BYTES=str(8 << 30)),
    ),
    (
        truths.what_nats_may_store_adds_up,
        lambda all_: _provision(all_).update(TOCSIN_STREAM_REPLICAS="5"),
    ),
    (
        truths.what_nats_may_store_adds_up,
        lambda all_: _spec(all_, "StatefulSet", "nats")["volumeClaimTemplates"][0]["spec"][
            "resources"
        ]["requests"].update(storage="24Gi"),
    ),
    (
        truths.routes_show_no_operators_door,
        lambda all_: _matches(all_).append({"path": {"type": "PathPrefix", "value": "/v1"}}),
    ),
    (
        truths.routes_show_no_operators_door,
        lambda all_: _spec(all_, "HTTPRoute", "cases")["rules"][0]["backendRefs"][0].update(
            name="cases-worker"
        ),
    ),
    (
        truths.pods_are_hardened_and_bounded,
        lambda all_: _pod(all_, "cases-api")["containers"][0]["securityContext"].pop(
            "readOnlyRootFilesystem"
        ),
    ),
    (
        truths.pods_are_hardened_and_bounded,
        lambda all_: _pod(all_, "cases-api")["containers"][0].update(image="tocsin/cases"),
    ),
    (
        truths.volumes_and_mounts_agree,
        lambda all_: _pod(all_, "cases-api")["volumes"][0].update(name="temp"),
    ),
    (
        truths.each_service_reads_its_own_secrets,
        lambda all_: _pod(all_, "cases-api")["volumes"][1]["projected"]["sources"].append(
            {"secret": {"name": "intake"}}
        ),
    ),
    (
        truths.each_service_reads_its_own_secrets,
        lambda all_: _pod(all_, "cases-api")["volumes"][1]["projected"]["sources"].append(
            {"secret": {"name": "nats-tls"}}
        ),
    ),
]


@pytest.mark.parametrize(("truth", "change"), BROKEN, ids=lambda one: getattr(one, "__name__", ""))
def test_it_notices_when_it_is_broken(
    truth: Truth, change: Change, production: list[Object]
) -> None:
    broken = copy.deepcopy(production)
    change(broken)

    assert truth(broken)


def test_every_truth_has_been_broken_once() -> None:
    assert {truth for truth, _ in BROKEN} == set(TRUTHS)


def test_the_optional_ports_are_there_where_everything_is(production: list[Object]) -> None:
    ports = {
        port["containerPort"]
        for one in of_kind(production, "StatefulSet")
        for container in one["spec"]["template"]["spec"]["containers"]
        for port in container["ports"]
    }

    assert ports >= truths.OPTIONAL
