"""Each alert fires when it should, says what it says, and stays silent otherwise."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.alert_cases import CASES, Case, Series
from deploy.checks.test_watching import OBSERVABILITY, RULES, alerts

PROMTOOL = Path("build/k8s-tools/promtool")


def world(series: Series, name: str, after: int, expected: list[Any]) -> Any:
    return {
        "interval": "1m",
        "name": name,
        "input_series": [{"series": one, "values": values} for one, values in series.items()],
        "alert_rule_test": [{"eval_time": f"{after}m", "alertname": name, "exp_alerts": expected}],
    }


def as_fired(alert: Any, case: Case) -> Any:
    """What must be told, with the labels of the case put into the sentence."""
    told = {
        key: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda m: case.labels.get(m[1], ""), text)
        for key, text in alert["annotations"].items()
    }
    return {"exp_labels": {**case.labels, **alert["labels"]}, "exp_annotations": told}


def judged(worlds: list[Any], folder: Path) -> subprocess.CompletedProcess[str]:
    files = [str((OBSERVABILITY / "rules" / name).resolve()) for name in RULES]
    test = folder / "alerts.test.yml"
    test.write_text(
        yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": worlds})
    )
    return subprocess.run(
        [PROMTOOL, "test", "rules", str(test)], capture_output=True, text=True, check=False
    )


def test_every_alert_has_a_case() -> None:
    assert {alert["alert"] for alert in alerts()} == set(CASES)


def test_alerts_fire_and_say_what_they_should(tmp_path: Path) -> None:
    worlds = [
        world(case.fires, alert["alert"], case.after, [as_fired(alert, case)])
        for alert in alerts()
        if (case := CASES[alert["alert"]])
    ]

    done = judged(worlds, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_stay_silent_when_all_is_well(tmp_path: Path) -> None:
    worlds = [
        world(CASES[name].quiet, name, minutes, [])
        for name in CASES
        for minutes in (1, CASES[name].after)
    ]

    done = judged(worlds, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_alert_fires_at_the_first_sign(tmp_path: Path) -> None:
    patient = [alert["alert"] for alert in alerts() if "for" in alert]

    done = judged([world(CASES[name].fires, name, 0, []) for name in patient], tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["TocsinOutboxStuck", "TocsinDeadLetters"])
def test_a_world_that_does_not_fit_is_noticed(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    [alert] = [one for one in alerts() if one["alert"] == name]

    done = judged([world(case.quiet, name, case.after, [as_fired(alert, case)])], tmp_path)

    assert done.returncode != 0
