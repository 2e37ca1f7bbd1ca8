//! `GET /v1/metrics/export`

use super::Report;
use super::catalogue::METRICS;
use super::is_asked;
use crate::call::Call;
use crate::csv;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::world::World;

pub(super) fn handle(world: &mut World, call: &Call) -> Result<Reply, Failure> {
    let report = Report::write(world, call)?;
    let asked: Vec<_> = METRICS.iter().filter(|m| is_asked(call, m)).collect();
    let mut heads = vec!["timestamp"];
    heads.extend(asked.iter().map(|metric| metric.slug));
    let rows = report.periods.iter().map(|(moment, figures)| {
        let moment = moment.as_str().unwrap_or_default().to_owned();
        let values = asked.iter().map(|metric| {
            let value = figures.get(metric.slug).copied().unwrap_or_default();
            value.normalize().to_string()
        });
        std::iter::once(moment).chain(values).collect()
    });
    Ok(csv::file("metrics.csv", &heads, rows))
}
