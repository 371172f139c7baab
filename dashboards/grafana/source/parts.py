# SPDX-License-Identifier: Apache-2.0
"""What the dashboards are made of. A panel is put together by keyword; what it lacks is an error here, not a blank there."""
import re

PREFIX = "kubelet_lifecycle_"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# By uid; ${...:queryparam} carries a variable's choice over.
_CARRIED = "?${datasource:queryparam}&${cluster:queryparam}&${__url_time_range}"
SILENT = [{"type": "value", "options": {"": {"text": "none: silent", "index": 0}}}]
UIDS = {name: f"kubelet-lifecycle-{name}" for name in ("fleet", "node", "stuck", "exporter-health")}


def to_dashboard(name, title, more=""):
    return {"title": title, "url": f"/d/{UIDS[name]}{_CARRIED}{more}"}


def to_node(label="${__field.labels.instance}"):
    return to_dashboard("node", f"Node {label}", f"&var-node={label}")


def to_exporter_page(label="${__field.labels.instance}"):
    return {"title": "The exporter's own page, where instance is its address", "url": f"http://{label}/", "targetBlank": True}


def query(expr, legend="", instant=False, table=False, heatmap=False):
    shape = "table" if table else "heatmap" if heatmap else "time_series"
    return {"datasource": DATASOURCE, "editorMode": "code", "expr": " ".join(expr.split()), "format": shape,
            "instant": instant or table, "range": not (instant or table), "legendFormat": legend or "__auto"}


def steps(*pairs):
    """steps("green", (1, "red")): green, and red from 1 on."""
    base, *rest = pairs
    return {"mode": "absolute", "steps": [{"color": base, "value": None}] + [{"color": c, "value": v} for v, c in rest]}


def most(k, expression, pick="topk", over="max_over_time"):
    """The k highest of the shown time, each over all of it: topk() alone picks others at each moment, and the legend grows."""
    ranged = f"{expression}[$__range]" if re.fullmatch(r"\w+\{[^{}]*\}", expression) else f"({expression})[$__range:]"
    return f"{expression} and {pick}({k}, {over}({ranged} @ end()))"


def short(expression):
    """The plugins of Kubernetes itself without their common beginning, which would fill a legend."""
    return f'label_replace({expression}, "plugin", "$1", "plugin", "kubernetes.io/(.*)")'


def own_pod(expression):
    """Where monitoring keeps `namespace` and `pod` for the exporter's own, those of the stuck pod are in exported_*."""
    for label in ("namespace", "pod"):
        expression = f'label_replace({expression}, "{label}", "$1", "exported_{label}", "(.+)")'
    return expression


def panel(kind, title, description, queries, *, unit, nothing, width=8, height=8, options=None, custom=None, links=(),
          thresholds=None, **defaults):
    """`nothing` is what the panel says when its query has no answer: why, and whether that is good."""
    assert title.endswith("?"), f"no question: {title}"
    targets = [dict(q, refId=chr(ord("A") + i)) for i, q in enumerate(queries)]
    overrides = defaults.pop("overrides", [])
    transformations = defaults.pop("transformations", [])
    fields = {"unit": unit, "noValue": nothing, "links": list(links), "thresholds": thresholds or steps("green"),
              "mappings": defaults.pop("mappings", []), "color": defaults.pop("color", {"mode": "palette-classic"}),
              "custom": custom or {}, **defaults}
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, "targets": targets,
            "gridPos": {"h": height, "w": width, "x": 0, "y": 0}, "transparent": False,
            "fieldConfig": {"defaults": fields, "overrides": overrides}, "transformations": transformations,
            "options": options or {}}


def over_time(title, description, queries, *, stack=False, bars=False, line_at=False, legend="list", **rest):
    custom = {"drawStyle": "bars" if bars else "line", "lineWidth": 1 if bars else 2, "fillOpacity": 70 if bars else 30 if stack else 8,
              "stacking": {"mode": "normal" if stack else "none", "group": "A"}, "showPoints": "never", "spanNulls": False,
              "lineInterpolation": "linear", "gradientMode": "none", "axisPlacement": "auto",
              "thresholdsStyle": {"mode": "dashed" if line_at else "off"}}
    options = {"legend": {"displayMode": legend, "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    rest.setdefault("min", 0)
    return panel("timeseries", title, description, queries, custom=custom, options=options, **rest)


def number(title, description, queries, *, text="auto", calc="lastNotNull", graph=True, fields="", **rest):
    options = {"reduceOptions": {"calcs": [calc], "fields": fields, "values": False}, "colorMode": "value", "graphMode": "area" if graph else "none",
               "textMode": text, "justifyMode": "auto", "orientation": "auto", "showPercentChange": False, "wideLayout": True}
    rest.setdefault("color", {"mode": "thresholds"})
    rest.setdefault("width", 4)
    rest.setdefault("height", 4)
    return panel("stat", title, description, queries, options=options, **rest)


def bars_now(title, description, queries, **rest):
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "horizontal",
               "displayMode": "basic", "valueMode": "color", "showUnfilled": True, "minVizWidth": 8, "minVizHeight": 16,
               "maxVizHeight": 28, "namePlacement": "auto", "sizing": "auto"}
    rest.setdefault("min", 0)
    rest.setdefault("color", {"mode": "thresholds"})
    return panel("bargauge", title, description, queries, options=options, **rest)


def heat(title, description, queries, *, unit, **rest):
    options = {"calculate": False, "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False}, "rowsFrame": {"layout": "auto"},
               "color": {"mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "scale": "exponential", "exponent": 0.5, "steps": 64, "reverse": False},
               "cellGap": 1, "filterValues": {"le": 1e-9}, "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
               "legend": {"show": True}, "exemplars": {"color": "rgba(255,0,255,0.7)"}, "showValue": "never"}
    custom = {"scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    return panel("heatmap", title, description, queries, unit="short", options=options, custom=custom, decimals=0, **rest)


def table(title, description, queries, *, columns, by=None, **rest):
    """columns: {field: (title, override properties)} in the order shown; all others are hidden. Sorted by `by`, falling."""
    names = {field: shown for field, (shown, _) in columns.items()}
    hidden = ("Time", "__name__", "job", "endpoint", "service", "container", "le")
    organize = {"id": "organize", "options": {"renameByName": names, "indexByName": {field: i for i, field in enumerate(columns)},
                                             "excludeByName": {field: True for field in hidden if field not in columns}, "includeByName": {}}}
    overrides = [{"matcher": {"id": "byName", "options": shown}, "properties": [{"id": key, "value": value} for key, value in properties.items()]}
                 for shown, properties in columns.values() if properties]
    options = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": by, "desc": True}] if by else [],
               "footer": {"show": False, "reducer": [], "countRows": False}}
    return panel("table", title, description, queries, options=options, overrides=overrides, transformations=[organize],
                 custom={"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True}, **rest)


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"h": 1, "w": 24, "x": 0, "y": 0}}


def _placed(panels):
    """From left to right, from top to bottom; a row of panels is as high as its highest."""
    x = y = high = 0
    for number_, one in enumerate(panels, 1):
        place = one["gridPos"]
        if x + place["w"] > 24:
            x, y, high = 0, y + high, 0
        place.update(x=x, y=y)
        one["id"] = number_
        x, high = x + place["w"], max(high, place["h"])
    return panels


def _variable(kind, name, label, **rest):
    return {"type": kind, "name": name, "label": label, "hide": 0, "skipUrlSync": False, **rest}


def from_labels(name, label, metric, source_label, *, several=True):
    """All stands for .*, which also takes what has no such label: one cluster's Prometheus needs none."""
    ask = f"label_values({metric}, {source_label})"
    rest = {"includeAll": True, "allValue": ".*", "current": {"selected": True, "text": ["All"] if several else "All", "value": ["$__all"] if several else "$__all"}}
    if not several:
        rest = {"includeAll": False}
    return _variable("query", name, label, datasource=DATASOURCE, query={"query": ask, "refId": "variable"}, definition=ask,
                     refresh=2, regex="", sort=7, multi=several, options=[], **rest)


def choice(name, label, values):
    options = [{"selected": False, "text": v, "value": v} for v in values]
    return _variable("custom", name, label, query=",".join(values), multi=True, includeAll=True, allValue=".*",
                     current={"selected": True, "text": ["All"], "value": ["$__all"]}, options=options)


def dashboard(name, title, description, variables, panels):
    datasource = _variable("datasource", "datasource", "Prometheus", query="prometheus", regex="", multi=False, includeAll=False,
                           options=[], refresh=1)
    others = [{"title": other, "type": "link", "icon": "dashboard", "tags": [], "targetBlank": False, "asDropdown": False, "includeVars": False,
               "keepTime": True, "tooltip": "", "url": f"/d/{UIDS[other_name]}?${{datasource:queryparam}}&${{cluster:queryparam}}"}
              for other_name, other in (("fleet", "Fleet"), ("node", "Node"), ("stuck", "Stuck pods"), ("exporter-health", "Exporter health"))
              if other_name != name]
    return {"uid": UIDS[name], "title": title, "description": description, "tags": ["kubernetes", "kubelet", "kubelet-lifecycle"],
            "schemaVersion": 39, "version": 1, "editable": True, "graphTooltip": 1, "timezone": "browser", "refresh": "30s", "weekStart": "",
            "time": {"from": "now-1h", "to": "now"}, "timepicker": {}, "fiscalYearStartMonth": 0, "liveNow": False,
            "annotations": {"list": []}, "links": others, "templating": {"list": [datasource, *variables]}, "panels": _placed(panels)}
