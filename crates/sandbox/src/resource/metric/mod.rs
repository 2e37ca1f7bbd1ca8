//! Metrics: what the seller's numbers were, period by period.

mod catalogue;
mod export;
mod measure;
mod period;
mod scope;

use serde_json::{Map, Value, json};

use catalogue::{METRICS, Metric};
use measure::{Figures, derive, measure, total};
use period::Range;
use scope::Scope;

use crate::call::{Call, Handler};
use crate::failure::Failure;
use crate::render;
use crate::reply::Reply;
use crate::world::World;

/// The operations of this noun that the sandbox really does.
pub(crate) const OPERATIONS: &[(&str, Handler)] = &[
    ("metrics:get", get),
    ("metrics:export", export::handle),
    ("metrics:limits", limits),
];

/// `GET /v1/metrics/`
fn get(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let report = Report::write(world, call)?;
    let periods: Vec<_> = report
        .periods
        .iter()
        .map(|(moment, figures)| {
            let mut shown = json!({"timestamp": moment});
            render::merge(&mut shown, row(call, figures));
            shown
        })
        .collect();
    let described: Map<_, _> = METRICS
        .iter()
        .map(|metric| {
            let shown = json!({
                "slug": metric.slug,
                "display_name": metric.display_name,
                "type": metric.unit,
            });
            let asked = is_asked(call, metric);
            (
                metric.slug.to_owned(),
                if asked { shown } else { Value::Null },
            )
        })
        .collect();
    Ok(json!({
        "periods": periods,
        "totals": row(call, &report.total),
        "metrics": described,
    })
    .into())
}

/// `GET /v1/metrics/limits`
#[expect(
    clippy::unnecessary_wraps,
    reason = "an operation may fail; this one does not"
)]
fn limits(_world: &mut World, _call: &Call) -> Result<Reply, Failure> {
    Ok(period::limits().into())
}

/// The figures of each period, and of all together.
struct Report {
    periods: Vec<(Value, Figures)>,
    total: Figures,
}

impl Report {
    fn write(world: &World, call: &Call) -> Result<Self, Failure> {
        let range = Range::read(call)?;
        let scope = Scope::read(world, call)?;
        let mut periods = Vec::new();
        for (start, end) in range.periods() {
            let mut figures = measure(world, &scope, start, end);
            derive(&mut figures);
            periods.push((render::time(start), figures));
        }
        let figures: Vec<_> = periods.iter().map(|(_, figures)| figures).collect();
        let mut all = total(&figures);
        derive(&mut all);
        Ok(Self {
            periods,
            total: all,
        })
    }
}

/// Everything, unless the call names what it wants.
fn is_asked(call: &Call, metric: &Metric) -> bool {
    call.query.allows("metrics", metric.slug)
}

fn row(call: &Call, figures: &Figures) -> Value {
    let shown: Map<_, _> = METRICS
        .iter()
        .map(|metric| {
            let value = figures.get(metric.slug).copied().unwrap_or_default();
            let shown = if !is_asked(call, metric) {
                Value::Null
            } else if value.fract().is_zero() && metric.unit != "percentage" {
                value
                    .trunc()
                    .normalize()
                    .to_string()
                    .parse::<i64>()
                    .ok()
                    .into()
            } else {
                render::quantity(value)
            };
            (metric.slug.to_owned(), shown)
        })
        .collect();
    shown.into()
}
