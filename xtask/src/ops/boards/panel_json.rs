//! The panels as Grafana's JSON.

use serde_json::Value;
use serde_json::json;

use super::panel::Kind;
use super::panel::Panel;
use super::panel::Source;
use super::panel::Target;

/// Returns the panel as Grafana's JSON, without its place.
pub(super) fn to_json(panel: &Panel, id: u64, metrics: &[String]) -> Value {
    let source = source_json(panel.source());
    let targets: Vec<_> =
        panel.targets.iter().zip('A'..='Z').map(|(target, id)| target_json(panel, target, id)).collect();
    let mut value = json!({
        "id": id,
        "type": type_name(panel),
        "title": panel.title,
        "description": panel.description(metrics),
        "datasource": source,
        "targets": targets,
        "fieldConfig": { "defaults": defaults(panel), "overrides": overrides(panel) },
        "options": options(panel),
    });
    if panel.kind == Kind::Table {
        value["transformations"] = table_transformations(panel);
    }
    value
}

const fn type_name(panel: &Panel) -> &'static str {
    match panel.kind {
        Kind::Tile => "stat",
        Kind::Lines | Kind::Stacked => "timeseries",
        Kind::Heatmap => "heatmap",
        Kind::Timeline => "state-timeline",
        Kind::Table | Kind::Traces => "table",
        Kind::Bars => "bargauge",
        Kind::Logs => "logs",
    }
}

fn target_json(panel: &Panel, target: &Target, id: char) -> Value {
    let source = source_json(panel.source());
    let instant = matches!(panel.kind, Kind::Table | Kind::Bars);
    match panel.kind {
        Kind::Logs => json!({
            "refId": id, "datasource": source, "expr": target.query, "queryType": "range", "editorMode": "code",
        }),
        Kind::Traces => json!({
            "refId": id, "datasource": source, "query": target.query, "queryType": "traceql", "limit": 20,
            "tableType": "traces",
        }),
        _ => json!({
            "refId": id,
            "datasource": source,
            "expr": target.query,
            "legendFormat": if target.legend.is_empty() { "__auto" } else { &target.legend },
            "format": match panel.kind { Kind::Table => "table", Kind::Heatmap => "heatmap", _ => "time_series" },
            "instant": instant,
            "range": !instant,
            "exemplar": !instant && target.query.contains("_bucket{"),
            "editorMode": "code",
        }),
    }
}

fn defaults(panel: &Panel) -> Value {
    let mut defaults = json!({
        "unit": panel.unit,
        "noValue": panel.no_value,
        "mappings": mappings(panel),
        "color": { "mode": if panel.is_tile() { "thresholds" } else { "palette-classic" } },
        "thresholds": { "mode": "absolute", "steps": threshold_steps(panel) },
    });
    if panel.kind == Kind::Timeline {
        defaults["custom"] = json!({ "fillOpacity": 80, "lineWidth": 0 });
    }
    if matches!(panel.kind, Kind::Lines | Kind::Stacked) {
        let is_stacked = panel.kind == Kind::Stacked;
        defaults["custom"] = json!({
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": if is_stacked { 60 } else { 5 },
            "showPoints": "auto",
            "spanNulls": false,
            "stacking": { "mode": if is_stacked { "normal" } else { "none" }, "group": "A" },
            "scaleDistribution": if panel.log { json!({ "type": "log", "log": 10 }) } else { json!({ "type": "linear" }) },
        });
        if !panel.log {
            defaults["min"] = json!(0);
        }
    }
    defaults
}

/// Returns the names and colors of the values of a timeline.
fn mappings(panel: &Panel) -> Value {
    let states = panel.states.iter().enumerate();
    let options: serde_json::Map<String, Value> = states
        .map(|(index, (name, color))| (index.to_string(), json!({ "text": name, "color": color, "index": index })))
        .collect();
    if options.is_empty() { json!([]) } else { json!([{ "type": "value", "options": options }]) }
}

/// Returns the steps of colors. Tiles without steps are blue: they do not judge.
fn threshold_steps(panel: &Panel) -> Value {
    let base = if panel.steps.is_empty() { "blue" } else { "green" };
    let first = panel.steps.iter().find(|(value, _)| value.is_infinite()).map_or(base, |(_, color)| color);
    let mut steps = vec![json!({ "color": first, "value": null })];
    steps.extend(
        panel
            .steps
            .iter()
            .filter(|(value, _)| value.is_finite())
            .map(|(value, color)| json!({ "color": color, "value": value })),
    );
    Value::Array(steps)
}

/// Returns the fixed colors of quantiles, the dashes of limits, and the units of a table's columns.
fn overrides(panel: &Panel) -> Value {
    if panel.kind == Kind::Table {
        return table_overrides(panel);
    }
    let color = |legend: &str, color: &str| {
        json!({
            "matcher": { "id": "byName", "options": legend },
            "properties": [{ "id": "color", "value": { "mode": "fixed", "fixedColor": color } }],
        })
    };
    let mut overrides = Vec::new();
    for target in &panel.targets {
        match target.legend.as_str() {
            "p50" => overrides.push(color("p50", "green")),
            "p95" => overrides.push(color("p95", "yellow")),
            "p99" => overrides.push(color("p99", "red")),
            "mean" => overrides.push(color("mean", "text")),
            "limit" if matches!(panel.kind, Kind::Lines | Kind::Stacked) => overrides.push(json!({
                "matcher": { "id": "byName", "options": "limit" },
                "properties": [
                    { "id": "color", "value": { "mode": "fixed", "fixedColor": "red" } },
                    { "id": "custom.lineStyle", "value": { "fill": "dash", "dash": [8, 8] } },
                    { "id": "custom.fillOpacity", "value": 0 },
                    { "id": "custom.stacking", "value": { "mode": "none", "group": "limit" } },
                ],
            })),
            _ => {}
        }
    }
    Value::Array(overrides)
}

fn table_overrides(panel: &Panel) -> Value {
    let columns = panel.targets.iter().filter_map(|target| {
        let unit = target.unit?;
        Some(json!({
            "matcher": { "id": "byName", "options": target.legend },
            "properties": [{ "id": "unit", "value": unit }],
        }))
    });
    let links = [("gen_ai_request_model", "model"), ("job", "job")].map(|(column, variable)| {
        json!({
            "matcher": { "id": "byName", "options": column },
            "properties": [{ "id": "links", "value": [{
                "title": "Open the service board with this value",
                "url": format!(
                    "/d/llmobs-service?${{datasource:queryparam}}&${{__url_time_range}}&var-{variable}=${{__value.text}}"
                ),
            }] }],
        })
    });
    Value::Array(columns.chain(links).collect())
}

/// Joins the queries of a table to one row for each label value, and names the columns.
fn table_transformations(panel: &Panel) -> Value {
    // With one query, Grafana names its column `Value`, with more `Value #A` and so on.
    let is_single = panel.targets.len() == 1;
    let names: serde_json::Map<String, Value> = panel
        .targets
        .iter()
        .zip('A'..='Z')
        .map(|(target, id)| (if is_single { "Value".to_owned() } else { format!("Value #{id}") }, json!(target.legend)))
        .collect();
    json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": {
            "excludeByName": { "Time": true }, "indexByName": {}, "renameByName": names,
        } },
    ])
}

fn options(panel: &Panel) -> Value {
    let legend =
        json!({ "calcs": ["lastNotNull", "max"], "displayMode": "table", "placement": "bottom", "showLegend": true });
    match panel.kind {
        Kind::Tile => json!({
            "colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto",
            "textMode": "auto", "wideLayout": true, "showPercentChange": false,
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
        }),
        Kind::Lines | Kind::Stacked => {
            json!({ "legend": legend, "tooltip": { "mode": "multi", "sort": "desc" } })
        }
        Kind::Heatmap => json!({
            "calculate": false,
            "cellGap": 1,
            "cellValues": { "unit": "short" },
            "color": { "mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "reverse": false, "fill": "dark-orange", "scale": "exponential" },
            "exemplars": { "color": "rgba(255,0,255,0.7)" },
            "filterValues": { "le": 1e-9 },
            "legend": { "show": true },
            "rowsFrame": { "layout": "auto" },
            "showValue": "never",
            "tooltip": { "mode": "single", "yHistogram": true, "showColorScale": false },
            "yAxis": { "axisPlacement": "left", "reverse": false, "unit": panel.unit },
        }),
        Kind::Timeline => json!({
            "alignValue": "left", "mergeValues": true, "rowHeight": 0.8, "showValue": "auto",
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": true },
            "tooltip": { "mode": "single", "sort": "none" },
        }),
        Kind::Table | Kind::Traces => json!({ "cellHeight": "sm", "showHeader": true }),
        Kind::Bars => json!({
            "displayMode": "gradient", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color",
            "minVizHeight": 10, "minVizWidth": 0, "maxVizHeight": 300, "namePlacement": "auto", "sizing": "auto",
            "legend": { "calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": false },
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
        }),
        Kind::Logs => json!({
            "dedupStrategy": "none", "enableLogDetails": true, "prettifyLogMessage": false, "showCommonLabels": false,
            "showLabels": false, "showTime": true, "sortOrder": "Descending", "wrapLogMessage": false,
        }),
    }
}

/// Returns the reference of a data source, which a variable of the board holds.
pub(super) fn source_json(source: Source) -> Value {
    match source {
        Source::Prometheus => json!({ "type": "prometheus", "uid": "${datasource}" }),
        Source::Loki => json!({ "type": "loki", "uid": "${loki}" }),
        Source::Tempo => json!({ "type": "tempo", "uid": "${tempo}" }),
    }
}
