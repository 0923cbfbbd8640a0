"""What is watched is what there is: metrics, their documentation, the dashboard, the alerts and the page."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faust.types import TP

from recomind.experiments.tallies import COLUMNS
from recomind.runtime.app import RecoMindApp
from recomind.runtime.video_impressions import CatalogueFigures
from recomind.settings import Settings
from recomind.worker import build

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / "recomind.json").read_text())
ALERTS = (ROOT / "deploy" / "alerts.yml").read_text()
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
NAME = r"\b(?:recomind|process)_\w+"


@pytest.fixture(scope="module")
def app() -> RecoMindApp:
    """A worker that has done a bit of everything."""
    made = build(Settings(redis_url="redis://127.0.0.1:1"))
    made.assignment.partitions = frozenset({0})
    made.monitor.tp_end_offsets = {TP("video_actions_stream", 0): 1}
    made.metrics.actions.labels("like").inc()
    made.metrics.list_entries.labels("hybrid").inc()
    made.metrics.extension_faults.labels("ranker", "mine", "slow").inc(0)
    made.metrics.unreadable_records.labels("video_signals").inc(0)
    made.served_figures.catalogue = CatalogueFigures(10, 0.5, 2, 0.5)
    made.served_figures.experiments.since_start["ranking", "A"] = [0] * COLUMNS
    made.metrics.blend_weight.labels("age").set(1)
    made.update_gauges()
    return made


@pytest.fixture(scope="module")
def families(app):
    """Every metric, as Prometheus knows it."""
    return list(app.metrics.registry.collect())


@pytest.fixture(scope="module")
def samples(families):
    """Name of a sample to its labels."""
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def test_every_metric_is_documented_and_nothing_else(families):
    told = {f"{family.name}_total" if family.type == "counter" else family.name for family in families}
    documented = set(re.findall(rf"`({NAME})`", OPERATIONS[OPERATIONS.index("## Watching") :].partition("## M")[0]))
    assert documented == told


@pytest.mark.parametrize("expression", [*EXPRESSIONS, ALERTS])
def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_there_are(samples, expression):
    assert set(re.findall(NAME, expression)) <= samples.keys()
    for name, matchers in re.findall(rf"({NAME}){{([^}}]*)}}", expression):
        assert set(re.findall(r"(\w+)!?=", matchers)) <= samples[name] | {"job", "instance"}
    grouped = {label for labels in re.findall(r"by \((\w+)\)", expression) for label in labels.split()}
    assert grouped <= {"le", "instance", *(label for labels in samples.values() for label in labels)}


def test_the_dashboard_shows_every_metric_of_ours(families):
    shown = " ".join(EXPRESSIONS)
    assert [family.name for family in families if "recomind" in family.name and family.name not in shown] == []


def test_panels_have_names_and_lie_beside_each_other():
    panels = DASHBOARD["panels"]
    cells = [
        (column, row)
        for panel in panels
        for place in [panel["gridPos"]]
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24
    assert all(panel["title"] and panel["description"] for panel in panels)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_page_and_alerts_judge_by_the_same_bounds():
    page = (ROOT / "web" / "recomind_web" / "pages" / "health_check.js").read_text()
    for field, bound in {"fresh_p99": "5", "lag": "10000", "cache_hits": "0.5"}.items():
        assert re.search(rf"now\.{field} [<>] {re.escape(bound)}\b", page)
        assert re.search(rf"[<>] {re.escape(bound)}\s", ALERTS)


def promtool(*arguments):
    program = shutil.which("promtool", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("no promtool here: `make promtool` takes it from Debian's package prometheus, where there is one")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules():
    promtool("check", "rules", ROOT / "deploy" / "alerts.yml")


def test_alerts_fire_when_they_should_and_not_before():
    promtool("test", "rules", ROOT / "tests" / "documentation" / "alerts.yml")


def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path):
    asked = [re.sub(r"\$__rate_interval", "1m", one) for one in EXPRESSIONS]
    rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(asked)]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "panels.yml")


def test_the_compose_file_gives_grafana_and_prometheus_what_is_there():
    compose = (ROOT / "docker-compose.yml").read_text()
    mounted = re.findall(r"- \./(deploy/\S+?):(\S+?):ro", compose)
    assert all((ROOT / here).exists() for here, _ in mounted)
    inside = {there for _, there in mounted}
    assert re.findall(r"rule_files:\s+- (\S+)", (ROOT / "deploy" / "prometheus.yml").read_text())[0] in inside
    provider = (ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "recomind.yml").read_text()
    assert re.findall(r"path: (\S+)", provider)[0] in inside
    sources = (ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == set(re.findall(r"uid: (\S+)", sources))
