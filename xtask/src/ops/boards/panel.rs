//! One panel of a board: its queries, its unit and its description.

use super::query::expand;

/// The load under which a panel must show values that are not zero and that change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// A minute of load on the example service `axum-chat`, scraped by Prometheus.
    Live,
    /// Hours of an observer of the library on a manual clock: rows that the example service does not record.
    History,
    /// Series with the names and labels of the tables of metrics, because their source does not run here.
    Synthetic(Absent),
    /// Logs and traces, for which no server runs in the tests.
    None,
}

/// A system that does not run where the boards are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    Gpu,
    Dcgm,
    Engines,
    Kubernetes,
    Collector,
}

impl Absent {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] = [Self::Gpu, Self::Dcgm, Self::Engines, Self::Kubernetes, Self::Collector];

    /// Returns the reason why the system does not run, as the page of the boards states it.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Gpu => "the estimates need the size of the model and a GPU whose peak rates are known",
            Self::Dcgm => "the DCGM exporter needs a GPU and NVIDIA's driver",
            Self::Engines => "vLLM, SGLang, TGI, Triton, TorchServe and Dynamo need a GPU or a model to download",
            Self::Kubernetes => "kube-state-metrics and cAdvisor need a cluster",
            Self::Collector => "the OpenTelemetry Collector is in no registry of packages",
        }
    }
}

/// The data source that a panel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Prometheus,
    Loki,
    Tempo,
}

/// The type of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tile,
    Lines,
    Stacked,
    Heatmap,
    /// The course of a state, whose values are numbers with names.
    Timeline,
    Table,
    Bars,
    Logs,
    Traces,
}

/// One query of a panel.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) legend: String,
    pub(crate) query: String,
    /// The unit of a table's column, if it is not that of the panel.
    pub(super) unit: Option<&'static str>,
}

/// A panel. `load` says what must move it.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) targets: Vec<Target>,
    pub(crate) load: Load,
    pub(super) kind: Kind,
    pub(super) unit: &'static str,
    pub(super) text: &'static str,
    pub(super) no_value: &'static str,
    /// Steps of a tile's color, as values and colors; without steps the tile does not judge.
    pub(super) steps: Vec<(f64, &'static str)>,
    /// The names and colors of the values 0, 1 and so on of a timeline.
    pub(super) states: Vec<(&'static str, &'static str)>,
    width: Option<u64>,
    pub(super) log: bool,
}

/// Returns a tile with one number and its course.
pub(super) fn tile(title: &'static str, unit: &'static str, query: &str) -> Panel {
    Panel::new(Kind::Tile, title, unit).query("", query)
}

/// Returns a panel with lines.
pub(super) fn lines(title: &'static str, unit: &'static str) -> Panel {
    Panel::new(Kind::Lines, title, unit)
}

/// Returns a panel with areas, one on the other.
pub(super) fn stacked(title: &'static str, unit: &'static str) -> Panel {
    Panel::new(Kind::Stacked, title, unit)
}

/// Returns a panel with the quantiles and, as a secondary line, the mean of the rates of a histogram. The histogram is
/// written without its suffix; `selectors` may contain the shorthands of queries.
pub(super) fn quantiles(title: &'static str, unit: &'static str, metric: &str, selectors: &str) -> Panel {
    let rate = |suffix: &str| format!("rate({metric}_{suffix}{{{selectors}}}[<R>])");
    quantiles_of_rates(title, unit, &rate("bucket"), &rate("sum"), &rate("count"))
}

/// Returns a panel with the quantiles and the mean of a histogram, from the rates of its three kinds of series.
pub(super) fn quantiles_of_rates(
    title: &'static str,
    unit: &'static str,
    bucket: &str,
    sum: &str,
    count: &str,
) -> Panel {
    let quantile = |share: &str| format!("histogram_quantile({share}, sum by (le) ({bucket}))");
    lines(title, unit)
        .query("p50", &quantile("0.5"))
        .query("p95", &quantile("0.95"))
        .query("p99", &quantile("0.99"))
        .query("mean", &format!("sum({sum}) / (sum({count}) > 0)"))
}

/// Returns a heat map of a histogram, written without its suffix.
pub(super) fn heatmap(title: &'static str, unit: &'static str, metric: &str, selectors: &str) -> Panel {
    let query = format!("sum by (le) (increase({metric}_bucket{{{selectors}}}[<R>]))");
    Panel::new(Kind::Heatmap, title, unit).query("{{le}}", &query)
}

/// Returns a panel with a bar for each series that shows its states one after the other. [`Panel::state`] adds the names of
/// the values.
pub(super) fn timeline(title: &'static str) -> Panel {
    Panel::new(Kind::Timeline, title, "none")
}

/// Returns a table with one row for each value of the label by which all its queries sum.
pub(super) fn table(title: &'static str) -> Panel {
    Panel::new(Kind::Table, title, "short").width(24)
}

/// Returns horizontal bars, one for each series.
pub(super) fn bars(title: &'static str, unit: &'static str) -> Panel {
    Panel::new(Kind::Bars, title, unit)
}

/// Returns a panel with log lines.
pub(super) fn logs(title: &'static str, query: &str) -> Panel {
    Panel::new(Kind::Logs, title, "short").query("", query).under(Load::None).no_value("no lines").width(12)
}

/// Returns a table of traces.
pub(super) fn traces(title: &'static str, query: &str) -> Panel {
    Panel::new(Kind::Traces, title, "short").query("", query).under(Load::None).no_value("no traces").width(12)
}

impl Panel {
    fn new(kind: Kind, title: &'static str, unit: &'static str) -> Self {
        Self {
            title,
            targets: Vec::new(),
            load: Load::Live,
            kind,
            unit,
            text: "",
            no_value: "no traffic",
            steps: Vec::new(),
            states: Vec::new(),
            width: None,
            log: false,
        }
    }

    /// Adds a query with its legend, which is the title of the column in a table.
    pub(super) fn query(mut self, legend: &str, query: &str) -> Self {
        let query = expand(query);
        self.targets.push(Target { legend: legend.to_owned(), query, unit: None });
        self
    }

    /// Adds a column of a table, with its unit.
    pub(super) fn column(mut self, title: &str, unit: &'static str, query: &str) -> Self {
        self = self.query(title, query);
        if let Some(target) = self.targets.last_mut() {
            target.unit = Some(unit);
        }
        self
    }

    /// Sets the description. The names of the metrics are added to it.
    pub(super) const fn says(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    /// Sets the load that must move the panel.
    pub(super) const fn under(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// Sets the text of an empty panel.
    pub(super) const fn no_value(mut self, text: &'static str) -> Self {
        self.no_value = text;
        self
    }

    /// Sets the color from a value upwards.
    pub(super) fn from(mut self, value: f64, color: &'static str) -> Self {
        self.steps.push((value, color));
        self
    }

    /// Adds the name and the color of the next value of a timeline, from 0 on.
    pub(super) fn state(mut self, name: &'static str, color: &'static str) -> Self {
        self.states.push((name, color));
        self
    }

    /// Sets the width in columns of the grid.
    pub(super) const fn width(mut self, columns: u64) -> Self {
        self.width = Some(columns);
        self
    }

    /// Sets a logarithmic axis.
    pub(super) const fn logarithmic(mut self) -> Self {
        self.log = true;
        self
    }

    pub(crate) const fn source(&self) -> Source {
        match self.kind {
            Kind::Logs => Source::Loki,
            Kind::Traces => Source::Tempo,
            _ => Source::Prometheus,
        }
    }

    /// Returns whether the panel is a tile.
    pub(crate) fn is_tile(&self) -> bool {
        self.kind == Kind::Tile
    }

    /// Returns whether the panel has a description of a sentence, a unit, and a text that is shown without data.
    #[cfg(test)]
    pub(super) fn has_text(&self) -> bool {
        self.text.ends_with('.') && !self.unit.is_empty() && !self.no_value.is_empty()
    }

    /// Returns the width and the height in units of the grid.
    pub(super) fn size(&self) -> (u64, u64) {
        let (width, height) = match self.kind {
            Kind::Tile => (3, 4),
            Kind::Lines | Kind::Stacked | Kind::Heatmap | Kind::Timeline | Kind::Bars | Kind::Logs | Kind::Traces => {
                (8, 8)
            }
            Kind::Table => (24, 8),
        };
        (self.width.unwrap_or(width), height)
    }

    /// Returns the description: the text, and the names of the metrics of the queries.
    pub(super) fn description(&self, metrics: &[String]) -> String {
        if metrics.is_empty() {
            return self.text.to_owned();
        }
        let names: Vec<_> = metrics.iter().map(|name| format!("`{name}`")).collect();
        format!("{}\n\nMetrics: {}.", self.text, names.join(", "))
    }
}
