# SPDX-FileCopyrightText: The Lastchunk authors
# SPDX-License-Identifier: Apache-2.0
"""The variables at the top of the dashboards. Their names are part of every link to them, and never change."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from lastchunk import semconv
from lastchunk.monitoring.dashboards.drawing import PROMETHEUS
from lastchunk.monitoring.dashboards.foreign import ENVIRONMENT, JOB
from lastchunk.monitoring.dashboards.queries import AGENT, MODEL
from lastchunk.monitoring.names import series
from lastchunk.monitoring.settings import Settings

_ENDED = series(semconv.ENDED)
_ALL = VariableOption(text=["All"], value=["$__all"], selected=True)
Variable = dashboard.DatasourceVariable | dashboard.QueryVariable | dashboard.TextBoxVariable


def sources() -> list[Variable]:
    """Where the data is; Tempo and Loki may be missing."""
    made: list[Variable] = []
    for name, kind, shown in (
        ("datasource", "prometheus", "Prometheus"),
        ("tempo", "tempo", "Tempo"),
        ("loki", "loki", "Loki"),
    ):
        variable = dashboard.DatasourceVariable(name).label(shown).type(kind)
        made.append(variable.current(VariableOption(text="", value="", selected=False)))
    return made


def _labels(name: str, shown: str, of: str, says: str) -> dashboard.QueryVariable:
    """Every value of a label; All selects series without it too.

    A value that is typed, or that a link names, need not be among them. It stays chosen because only loading the dashboard
    asks for the values anew: Grafana drops what is not among the new ones.
    """
    query = f"label_values({of})"
    variable = dashboard.QueryVariable(name).label(shown).description(says).datasource(PROMETHEUS)
    variable = variable.query({"query": query, "refId": f"variable-{name}", "qryType": 1}).definition(query)
    variable = variable.multi(True).include_all(True).all_value(".*").current(_ALL)
    variable = variable.allow_custom_value(True).refresh(VariableRefresh.ON_DASHBOARD_LOAD)
    return variable.sort(VariableSort.ALPHABETICAL_ASC)


def service() -> dashboard.QueryVariable:
    """`job`: the service, with its namespace if it has one, such as `shop/checkout`."""
    return _labels("job", "Service", f"{_ENDED}, {JOB}", "The service: namespace/name, or the name alone.")


def environment() -> dashboard.QueryVariable:
    """`environment`: copied from the resource by the Collector configurations of Lastchunk."""
    of = f'{_ENDED}{{{JOB}=~"$job"}}, {ENVIRONMENT}'
    return _labels("environment", "Environment", of, "Empty if the Collector does not copy it from the resource.")


def model() -> dashboard.QueryVariable:
    """`model`: the requested model."""
    of = f'{_ENDED}{{{JOB}=~"$job", {ENVIRONMENT}=~"$environment"}}, {MODEL}'
    return _labels("model", "Model", of, "The requested model. A team's run has none, so only All includes it.")


def agent() -> dashboard.QueryVariable:
    """`agent`: the one that runs, or under which the model was called."""
    of = f'{_ENDED}{{{JOB}=~"$job", {ENVIRONMENT}=~"$environment"}}, {AGENT}'
    return _labels(
        "agent", "Agent", of, "Applies only to the panels that say so, because not every metric has an agent."
    )


def service_name() -> dashboard.QueryVariable:
    """Hidden: the names of the chosen services without their namespaces, as Tempo knows them.

    Prometheus only takes apart what was chosen, so it need not know the service.
    """
    query = 'query_result(label_replace(vector(1), "chosen", "${job:pipe}", "", ""))'
    variable = dashboard.QueryVariable("service").label("Service name").datasource(PROMETHEUS)
    variable = variable.query({"query": query, "refId": "variable-service", "qryType": 3}).definition(query)
    variable = variable.regex('/["|](?:[^"|]*\\/)?([^"|\\/]+)(?=["|])/g').multi(True).include_all(True).current(_ALL)
    return variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).hide(VariableHide.HIDE_VARIABLE)


def runbook(settings: Settings) -> dashboard.TextBoxVariable:
    """Hidden: where the runbook is, for links; set in grafana/settings.yaml."""
    variable = dashboard.TextBoxVariable("runbook").label("Runbook").default_value(f"{settings.runbook_url}/runbook.md")
    return variable.hide(VariableHide.HIDE_VARIABLE)
