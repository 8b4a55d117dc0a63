"""Writes Grafana's dashboards from `pages`; with `--check`, only compares them."""

import json
import sys
from pathlib import Path
from typing import Any

from pages import DASHBOARDS, Dashboard, Panel

FOLDER = Path("deploy/observability/grafana/dashboards")
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
WIDTH, HEIGHT = 8, 8  # of a panel, in Grafana's units: three in a row of 24
PER_ROW = 24 // WIDTH


def written(of: Dashboard) -> str:
    """A dashboard as Grafana reads it."""
    return json.dumps(_dashboard(of), indent=1, ensure_ascii=False) + "\n"


def _dashboard(of: Dashboard) -> dict[str, Any]:
    choice = {
        "name": "service",
        "type": "query",
        "datasource": PROMETHEUS,
        "query": "label_values(tocsin_outbox_age_seconds, service)",
        "refresh": 2,
    }
    return {
        "uid": of.uid,
        "title": f"Tocsin: {of.title}",
        "tags": ["tocsin"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [choice] if of.per_service else []},
        "panels": [_panel(number, panel) for number, panel in enumerate(of.panels)],
    }


def _panel(number: int, of: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": of.unit, "min": 0}
    if of.red_above is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": of.red_above + 1e-9}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    row, column = divmod(number, PER_ROW)
    return {
        "id": number + 1,
        "title": of.title,
        "type": "timeseries" if of.red_above is None else "stat",
        "datasource": PROMETHEUS,
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": column * WIDTH, "y": row * HEIGHT},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {
                "refId": chr(65 + place),
                "datasource": PROMETHEUS,
                "expr": query,
                "legendFormat": name,
            }
            for place, (query, name) in enumerate(of.queries)
        ],
    }


FILES = {FOLDER / f"{one.uid}.json": written(one) for one in DASHBOARDS}


def main() -> int:
    if "--check" not in sys.argv:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path, text in FILES.items():
            path.write_text(text)
        return 0
    there = set(FOLDER.glob("*"))
    stale = [
        str(path)
        for path in sorted(there | FILES.keys())
        if path not in FILES or path not in there or path.read_text() != FILES[path]
    ]
    print(f"stale, run `make docs`: {', '.join(stale)}" if stale else "dashboards: as listed")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
