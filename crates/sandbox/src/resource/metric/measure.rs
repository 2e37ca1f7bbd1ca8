//! The figures of one period: counted from the rows, then derived from one another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::catalogue::{METRICS, Total};
use super::scope::Scope;
use crate::billing::Interval;
use crate::resource::checkout::CheckoutStatus;
use crate::resource::grant::GrantScope;
use crate::resource::order::{BillingReason, Order};
use crate::resource::seat;
use crate::resource::subscription::Subscription;
use crate::world::World;

/// Values by the metric's name; what is not there is zero.
pub(super) type Figures = BTreeMap<&'static str, Decimal>;

const CANCELLATIONS: &[(&str, &str)] = &[
    (
        "customer_service",
        "canceled_subscriptions_customer_service",
    ),
    ("low_quality", "canceled_subscriptions_low_quality"),
    (
        "missing_features",
        "canceled_subscriptions_missing_features",
    ),
    (
        "switched_service",
        "canceled_subscriptions_switched_service",
    ),
    ("too_complex", "canceled_subscriptions_too_complex"),
    ("too_expensive", "canceled_subscriptions_too_expensive"),
    ("unused", "canceled_subscriptions_unused"),
];

/// Kept beside the metrics, for the churn rate alone.
const ACTIVE_BEFORE: &str = "active_before";

/// What happened from `start` to `end`, and how things stood then.
pub(super) fn measure(
    world: &World,
    scope: &Scope<'_>,
    start: Timestamp,
    end: Timestamp,
) -> Figures {
    let mut figures = Figures::new();
    let within = |moment: Timestamp| start <= moment && moment < end;
    for order in scope.orders().filter(|order| order.created_at < end) {
        let (gross, net) = worth(order);
        add(&mut figures, "cumulative_revenue", gross);
        add(&mut figures, "net_cumulative_revenue", net);
        if within(order.created_at) {
            count_order(&mut figures, order);
        }
    }
    for checkout in scope.checkouts().filter(|row| within(row.created_at)) {
        add(&mut figures, "checkouts", 1);
        if checkout.status == CheckoutStatus::Succeeded {
            add(&mut figures, "succeeded_checkouts", 1);
        }
    }
    count_subscriptions(&mut figures, world, scope, (start, end));
    count_usage(&mut figures, scope, (start, end));
    figures
}

/// Figures of all periods together.
pub(super) fn total(periods: &[&Figures]) -> Figures {
    let of = |figures: &&Figures, slug: &str| figures.get(slug).copied().unwrap_or_default();
    let mut total: Figures = METRICS
        .iter()
        .filter(|metric| metric.total != Total::Derived)
        .map(|metric| {
            let mut values = periods.iter().map(|figures| of(figures, metric.slug));
            let value = match metric.total {
                Total::Last => values.next_back().unwrap_or_default(),
                Total::Sum | Total::Derived => values.fold(Decimal::ZERO, Decimal::saturating_add),
            };
            (metric.slug, value)
        })
        .collect();
    let before = periods.first().map(|first| of(first, ACTIVE_BEFORE));
    total.insert(ACTIVE_BEFORE, before.unwrap_or_default());
    total
}

/// Adds what follows from the rest.
pub(super) fn derive(figures: &mut Figures) {
    let of = |slug: &str| figures.get(slug).copied().unwrap_or_default();
    let per = |part: &str, whole: &str| of(part).checked_div(of(whole)).unwrap_or_default();
    let churn = per("churned_subscriptions", ACTIVE_BEFORE);
    let user_revenue = per("monthly_recurring_revenue", "active_subscriptions");
    let margin = of("cumulative_revenue").saturating_sub(of("cumulative_costs"));
    let year = |slug: &str| of(slug).saturating_mul(Decimal::from(12));
    let derived = [
        ("average_revenue_per_user", user_revenue),
        ("churn_rate", churn),
        ("ltv", user_revenue.checked_div(churn).unwrap_or_default()),
        ("average_order_value", per("revenue", "orders")),
        ("net_average_order_value", per("net_revenue", "orders")),
        ("cost_per_user", per("costs", "active_user_by_event")),
        (
            "annual_recurring_revenue",
            year("monthly_recurring_revenue"),
        ),
        (
            "committed_annual_recurring_revenue",
            year("committed_monthly_recurring_revenue"),
        ),
        (
            "checkouts_conversion",
            per("succeeded_checkouts", "checkouts"),
        ),
        ("gross_margin", margin),
        (
            "gross_margin_percentage",
            margin
                .checked_div(of("cumulative_revenue"))
                .unwrap_or_default(),
        ),
        ("cashflow", of("revenue").saturating_sub(of("costs"))),
        (
            "average_seats_per_customer",
            per("seats_total", "seat_customers"),
        ),
        ("seat_utilization_rate", per("seats_claimed", "seats_total")),
    ];
    figures.extend(derived);
}

fn add(figures: &mut Figures, slug: &'static str, amount: impl Into<Decimal>) {
    let figure = figures.entry(slug).or_default();
    *figure = figure.saturating_add(amount.into());
}

/// What an order brought, and what of it is left after refunds and fees.
fn worth(order: &Order) -> (i64, i64) {
    let gross = order.net_amount();
    let fee = order.platform_fee.unwrap_or_default();
    (gross, gross - order.refunded_amount - fee)
}

fn count_order(figures: &mut Figures, order: &Order) {
    let (gross, net) = worth(order);
    add(figures, "orders", 1);
    add(figures, "revenue", gross);
    add(figures, "net_revenue", net);
    let slugs = match order.reason {
        BillingReason::Purchase => [
            "one_time_products",
            "one_time_products_revenue",
            "one_time_products_net_revenue",
        ],
        BillingReason::SubscriptionCreate => [
            "",
            "new_subscriptions_revenue",
            "new_subscriptions_net_revenue",
        ],
        BillingReason::SubscriptionCycle
        | BillingReason::SubscriptionUpdate
        | BillingReason::SubscriptionMeterCycle
        | BillingReason::SubscriptionEnd => [
            "renewed_subscriptions",
            "renewed_subscriptions_revenue",
            "renewed_subscriptions_net_revenue",
        ],
    };
    let [count, revenue, net_revenue] = slugs;
    // New subscriptions are counted by their start: some begin without an order.
    if !count.is_empty() {
        add(figures, count, 1);
    }
    add(figures, revenue, gross);
    add(figures, net_revenue, net);
}

fn count_subscriptions(
    figures: &mut Figures,
    world: &World,
    scope: &Scope<'_>,
    (start, end): (Timestamp, Timestamp),
) {
    let within = |moment: Timestamp| start <= moment && moment < end;
    let mut teams = BTreeSet::new();
    for row in scope.subscriptions() {
        let seats = row.seats.is_some();
        if within(row.started_at) {
            add(figures, "new_subscriptions", 1);
            add(figures, "new_seat_customers", i64::from(seats));
        }
        if let Some(canceled_at) = row.canceled_at
            && within(canceled_at)
        {
            add(figures, "canceled_subscriptions", 1);
            add(figures, cancellation(row), 1);
        }
        if row.ended_at.is_some_and(within) {
            add(figures, "churned_subscriptions", 1);
            add(figures, "churned_seat_customers", i64::from(seats));
        }
        if is_alive(row, start) {
            add(figures, ACTIVE_BEFORE, 1);
        }
        if is_alive(row, end) {
            count_alive(figures, world, row, end);
            teams.extend(row.seats.map(|_| row.customer));
        }
    }
    let teams = i64::try_from(teams.len()).unwrap_or(i64::MAX);
    add(figures, "seat_customers", teams);
}

/// True for what was running just before `moment`.
fn is_alive(row: &Subscription, moment: Timestamp) -> bool {
    row.started_at < moment
        && row.ended_at.is_none_or(|ended| ended >= moment)
        && row.paused_at.is_none_or(|paused| paused >= moment)
}

fn count_alive(figures: &mut Figures, world: &World, row: &Subscription, end: Timestamp) {
    let monthly = monthly(row, row.amount(world));
    let stays = !row.cancel_at_period_end;
    add(figures, "active_subscriptions", 1);
    add(figures, "committed_subscriptions", i64::from(stays));
    let on_trial = row.trial_end.is_some_and(|trial_end| trial_end > end);
    let (all, committed) = if on_trial {
        (
            "trial_monthly_recurring_revenue",
            "trial_committed_monthly_recurring_revenue",
        )
    } else {
        (
            "monthly_recurring_revenue",
            "committed_monthly_recurring_revenue",
        )
    };
    add(figures, all, monthly);
    if stays {
        add(figures, committed, monthly);
    }
    if let Some(seats) = row.seats {
        let purchase = GrantScope::Subscription(row.id);
        let claimed = seat::holders(world, purchase).count();
        let claimed = i64::try_from(claimed).unwrap_or(i64::MAX);
        add(figures, "seats_total", seats);
        add(figures, "seats_claimed", claimed);
        add(
            figures,
            "seats_pending",
            seat::taken(world, purchase) - claimed,
        );
    }
}

/// The amount of a period as if it were a month.
fn monthly(row: &Subscription, amount: i64) -> Decimal {
    let (parts, months) = match row.cycle.interval {
        Interval::Day => (365, 12),
        Interval::Week => (52, 12),
        Interval::Month => (1, 1),
        Interval::Year => (1, 12),
    };
    Decimal::from(amount)
        .saturating_mul(Decimal::from(parts))
        .checked_div(Decimal::from(row.cycle.count.saturating_mul(months)))
        .unwrap_or_default()
}

fn cancellation(row: &Subscription) -> &'static str {
    let reason = row.cancellation_reason.as_deref();
    CANCELLATIONS
        .iter()
        .find(|(word, _)| Some(*word) == reason)
        .map_or("canceled_subscriptions_other", |(_, slug)| slug)
}

fn count_usage(figures: &mut Figures, scope: &Scope<'_>, (start, end): (Timestamp, Timestamp)) {
    let mut users = BTreeSet::new();
    for usage in scope.usage.iter().filter(|usage| usage.at < end) {
        add(figures, "cumulative_costs", usage.cost);
        if usage.at >= start {
            add(figures, "costs", usage.cost);
            users.extend(usage.customer);
        }
    }
    let users = i64::try_from(users.len()).unwrap_or(i64::MAX);
    add(figures, "active_user_by_event", users);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_of_nothing_are_zero_and_totals_are_derived_anew() {
        let mut empty = Figures::new();
        derive(&mut empty);
        assert_eq!(empty["churn_rate"], Decimal::ZERO);
        let period = |orders: i64, revenue: i64| {
            Figures::from([
                ("orders", Decimal::from(orders)),
                ("revenue", Decimal::from(revenue)),
                ("cumulative_revenue", Decimal::from(revenue)),
            ])
        };
        let mut all = total(&[&period(1, 100), &period(3, 500)]);
        derive(&mut all);
        assert_eq!(all["orders"], Decimal::from(4));
        assert_eq!(all["average_order_value"], Decimal::from(150));
        assert_eq!(all["cumulative_revenue"], Decimal::from(500));
    }
}
