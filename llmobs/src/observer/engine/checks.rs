//! The validation of the settings of an observer, called by `build`: names and values must be valid labels, the number
//! of series (label sets of a metric) must fit the backend's limit, and the number of bucket bounds must fit a
//! histogram.

use super::settings::Settings;
use crate::cardinality::is_label;
use crate::catalog::BucketShape;
use crate::catalog::Profile;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::to_prometheus_name;
use crate::clock::nanos_to_seconds;
use crate::error::BuildError;
use crate::measurement::BucketBounds;
use crate::measurement::MAX_LOCAL_BOUNDS;
use crate::objective::Objective;
use crate::observer::state::tenant::MAX_TENANT_VARIANTS;
use crate::observer::state::tenant_registry::RESERVED;
use crate::series::DeclaredNames;
use crate::series::ExtraLabel;
use crate::series::MAX_EXTRA_LABELS;
use crate::series::MAX_VARIANTS;

/// Returns the names that the settings declare: labels, phases, evaluations and objectives. Returns an error for a name
/// or value that cannot be a label, for more than four labels, for a label without values or with more than 255, and for
/// a label or objective that is declared twice. Names of labels that differ only in `.` and `_` are the same.
pub(crate) fn declared_names(settings: &Settings<'_>, profile: Profile) -> Result<DeclaredNames, BuildError> {
    let invalid_label =
        |setter, name: &str, reason| Err(BuildError::InvalidLabel { setter, name: name.to_owned(), reason });
    if settings.labels.len() > MAX_EXTRA_LABELS {
        return invalid_label(
            "label",
            &settings.labels[MAX_EXTRA_LABELS].0,
            "an observer has at most four application labels",
        );
    }
    for (index, (name, values)) in settings.labels.iter().enumerate() {
        if let Some(reason) = label_name_error(name) {
            return invalid_label("label", name, reason);
        }
        if settings.labels[..index].iter().any(|(earlier, _)| to_prometheus_name(earlier) == to_prometheus_name(name)) {
            return invalid_label("label", name, "the name is declared twice (Prometheus replaces dots by `_`)");
        }
        if values.is_empty() || values.len() > usize::from(u8::MAX) {
            return invalid_label("label", name, "a label must have 1 to 255 values");
        }
    }
    let evaluations =
        settings.evaluations.iter().flat_map(|(name, labels)| labels.iter().map(move |label| (name, label)));
    let declared = settings.labels.iter().flat_map(|(_, values)| values).map(|value| ("label", value.as_str()));
    let declared = declared.chain(settings.phases.iter().map(|phase| ("phases", phase.as_str())));
    let declared = declared
        .chain(evaluations.clone().flat_map(|(name, label)| [("evaluation", name.as_str()), ("evaluation", label)]));
    let declared = declared.chain(settings.objectives.iter().map(|objective| ("objective", objective.name.as_ref())));
    for (setter, text) in declared {
        if !is_label(text) {
            return invalid_label(setter, text, "a name or value must have 1 to 128 bytes and no control characters");
        }
    }
    for (index, Objective { name, .. }) in settings.objectives.iter().enumerate() {
        if settings.objectives[..index].iter().any(|earlier| earlier.name == *name) {
            return invalid_label("objective", name, "the name is declared twice");
        }
    }
    Ok(DeclaredNames {
        profile,
        phases: settings.phases.iter().map(|phase| phase.as_str().into()).collect(),
        evaluations: evaluations.map(|(name, label)| (name.as_str().into(), label.as_str().into())).collect(),
        objectives: settings.objectives.clone(),
        function_objectives: Default::default(),
        labels: settings
            .labels
            .iter()
            .map(|(name, values)| ExtraLabel {
                name: name.as_str().into(),
                values: values.iter().map(|value| value.as_str().into()).collect(),
            })
            .collect(),
    })
}

/// Returns the maximum number of undeclared models with separate series: that of the settings, or the default of the
/// role (0 for a server, else the largest number up to 32 that fits). Returns an error if more label sets of one metric
/// are possible than the backend keeps.
pub(crate) fn resolve_max_undeclared_models(
    settings: &Settings<'_>,
    declared_names: &DeclaredNames,
) -> Result<usize, BuildError> {
    let max_variants = MAX_VARIANTS.max(declared_names.phases.len()).max(declared_names.evaluations.len());
    let label_combinations: usize = declared_names.labels.iter().map(|label| label.values.len() + 1).product();
    let sets_per_model =
        max_variants.saturating_mul(label_combinations).saturating_mul(settings.operations.len().max(1));
    let label_sets = |undeclared: usize| {
        let models = settings.models.len().saturating_add(undeclared).saturating_add(1);
        models.saturating_mul(sets_per_model)
    };
    let max_undeclared = settings.max_undeclared_models.unwrap_or_else(|| match settings.role {
        Role::Server => 0,
        Role::Gateway | Role::Client => {
            (0..=32).rev().find(|undeclared| label_sets(*undeclared) <= settings.series_limit).unwrap_or(0)
        }
    });
    if label_sets(max_undeclared) > settings.series_limit {
        return Err(BuildError::TooManySeries { label_sets: label_sets(max_undeclared), limit: settings.series_limit });
    }
    Ok(max_undeclared)
}

/// Checks the settings of tenants. Returns an error for a declared name that cannot be a label or that is the label of
/// operations without a tenant or of other tenants, and if more label sets of a tenant row are possible than the backend
/// keeps.
pub(crate) fn check_tenants(settings: &Settings<'_>) -> Result<(), BuildError> {
    let Some(tenants) = &settings.tenants else { return Ok(()) };
    for name in &tenants.declared {
        let invalid = |reason| BuildError::InvalidLabel { setter: "tenants", name: name.clone(), reason };
        if !is_label(name) {
            return Err(invalid("a name must have 1 to 128 bytes and no control characters"));
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(invalid("llmobs itself uses this name"));
        }
    }
    let names = tenants.declared.len().saturating_add(tenants.max_undeclared).saturating_add(RESERVED.len());
    let label_sets = names.saturating_mul(MAX_TENANT_VARIANTS);
    if label_sets > settings.series_limit {
        return Err(BuildError::TooManyTenants { label_sets, limit: settings.series_limit });
    }
    Ok(())
}

/// Returns an error if there are budgets and no prices.
#[cfg(feature = "cost")]
pub(crate) fn check_budgets(settings: &Settings<'_>) -> Result<(), BuildError> {
    match settings.costs.budgets.is_some() && settings.costs.prices.is_none() {
        true => Err(BuildError::InvalidBudgets { reason: "without `prices`, nothing has a cost".to_owned() }),
        false => Ok(()),
    }
}

/// Returns the bucket bounds of each row of the catalog, by `RowId`: those of the selected resolution, and the limits that
/// objectives set on the time that the row measures. Bounds of times are in seconds; a row that is not a histogram has none. Returns an error if a row
/// has more than 31 bounds.
pub(crate) fn bucket_bounds(settings: &Settings<'_>) -> Result<Box<[BucketBounds]>, BuildError> {
    RowId::ALL.iter().map(|id| bucket_bounds_of(settings, *id)).collect()
}

fn bucket_bounds_of(settings: &Settings<'_>, id: RowId) -> Result<BucketBounds, BuildError> {
    let Some(shape) = id.row().shape else { return Ok(BucketBounds::new(&[])) };
    let mut bounds = settings.buckets.bounds(shape);
    let limit = |objective: &Objective| match (id, shape) {
        (RowId::LongestGap, _) => objective.longest_gap,
        (_, BucketShape::FirstToken) => objective.time_to_first_token,
        (RowId::ClientFirstChunk | RowId::InferenceFirstChunk, _) => objective.time_to_first_token,
        (_, BucketShape::PerToken) => objective.time_per_output_token,
        (_, BucketShape::Duration) => objective.duration,
        _ => None,
    };
    bounds.extend(settings.objectives.iter().filter_map(limit).map(nanos_to_seconds));
    bounds.sort_by(f64::total_cmp);
    bounds.dedup_by(|one, other| one.to_bits() == other.to_bits());
    if bounds.len() > MAX_LOCAL_BOUNDS {
        let metric = id.row().name;
        return Err(BuildError::TooManyBucketBounds { metric, bounds: bounds.len(), limit: MAX_LOCAL_BOUNDS });
    }
    Ok(BucketBounds::new(&bounds))
}

/// Returns why a name cannot be a label, or `None` for a valid name. Examples: `job`, `1st` and `le` are invalid;
/// `tenant` is valid.
fn label_name_error(name: &str) -> Option<&'static str> {
    // Prometheus adds these labels to scraped series and would rename ours.
    const TARGETS: [&str; 7] = ["job", "instance", "namespace", "pod", "container", "service", "endpoint"];
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.');
    if TARGETS.contains(&name) {
        return Some("Prometheus sets this label itself and would rename yours to exported_*");
    }
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.chars().all(is_allowed) || name.len() > 64
    {
        return Some("a name must begin with a letter and contain at most 64 letters, digits, `_` and `.`");
    }
    let prometheus_name = to_prometheus_name(name);
    let reserved = RowId::ALL.iter().flat_map(|id| id.row().attributes).chain(&SERIES_ATTRIBUTES);
    if ["le", "quantile"].contains(&name)
        || reserved.into_iter().any(|attribute| to_prometheus_name(attribute) == prometheus_name)
    {
        return Some("llmobs itself uses this name for a label");
    }
    None
}
