//! The metrics: their names, their units, and how periods add up to a total.

/// One metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric {
    pub(super) slug: &'static str,
    pub(super) display_name: &'static str,
    /// Polar's word for the unit.
    pub(super) unit: &'static str,
    pub(super) total: Total,
}

/// What a metric's total over several periods is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// The sum of what happened.
    Sum,
    /// How things stand in the end.
    Last,
    /// Computed from the totals of others.
    Derived,
}

const SCALAR: &str = "scalar";
const MONEY: &str = "currency";
const FINE_MONEY: &str = "currency_sub_cent";
const RATIO: &str = "percentage";

const fn metric(
    slug: &'static str,
    display_name: &'static str,
    unit: &'static str,
    total: Total,
) -> Metric {
    Metric {
        slug,
        display_name,
        unit,
        total,
    }
}

/// All of them, in Polar's order.
pub(super) const METRICS: &[Metric] = &[
    metric(
        "active_subscriptions",
        "Active Subscriptions",
        SCALAR,
        Total::Last,
    ),
    metric(
        "committed_subscriptions",
        "Committed Subscriptions",
        SCALAR,
        Total::Last,
    ),
    metric(
        "monthly_recurring_revenue",
        "Monthly Recurring Revenue",
        MONEY,
        Total::Last,
    ),
    metric(
        "trial_monthly_recurring_revenue",
        "Trialing MRR Including Cancelations",
        MONEY,
        Total::Last,
    ),
    metric(
        "committed_monthly_recurring_revenue",
        "Committed Monthly Recurring Revenue",
        MONEY,
        Total::Last,
    ),
    metric(
        "trial_committed_monthly_recurring_revenue",
        "Trialing Monthly Recurring Revenue",
        MONEY,
        Total::Last,
    ),
    metric(
        "average_revenue_per_user",
        "Average Revenue Per User",
        MONEY,
        Total::Derived,
    ),
    metric("checkouts", "Checkouts", SCALAR, Total::Sum),
    metric(
        "succeeded_checkouts",
        "Succeeded Checkouts",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "churned_subscriptions",
        "Churned Subscriptions",
        SCALAR,
        Total::Sum,
    ),
    metric("churn_rate", "Churn Rate", RATIO, Total::Derived),
    metric("seats_total", "Seat Count", SCALAR, Total::Last),
    metric("seats_claimed", "Claimed Seats", SCALAR, Total::Last),
    metric("seats_pending", "Pending Seats", SCALAR, Total::Last),
    metric("seat_customers", "Active Customers", SCALAR, Total::Last),
    metric("new_seat_customers", "New Customers", SCALAR, Total::Sum),
    metric(
        "churned_seat_customers",
        "Churned Customers",
        SCALAR,
        Total::Sum,
    ),
    metric("orders", "Orders", SCALAR, Total::Sum),
    metric("revenue", "Revenue", MONEY, Total::Sum),
    metric("net_revenue", "Net Revenue", MONEY, Total::Sum),
    metric(
        "cumulative_revenue",
        "Cumulative Revenue",
        MONEY,
        Total::Last,
    ),
    metric(
        "net_cumulative_revenue",
        "Net Cumulative Revenue",
        MONEY,
        Total::Last,
    ),
    metric("costs", "Costs", FINE_MONEY, Total::Sum),
    metric(
        "cumulative_costs",
        "Cumulative Costs",
        FINE_MONEY,
        Total::Last,
    ),
    metric(
        "average_order_value",
        "Average Order Value",
        MONEY,
        Total::Derived,
    ),
    metric(
        "net_average_order_value",
        "Net Average Order Value",
        MONEY,
        Total::Derived,
    ),
    metric("cost_per_user", "Cost Per User", FINE_MONEY, Total::Derived),
    metric(
        "active_user_by_event",
        "Active User (By event)",
        SCALAR,
        Total::Sum,
    ),
    metric("one_time_products", "One-Time Products", SCALAR, Total::Sum),
    metric(
        "one_time_products_revenue",
        "One-Time Products Revenue",
        MONEY,
        Total::Sum,
    ),
    metric(
        "one_time_products_net_revenue",
        "One-Time Products Net Revenue",
        MONEY,
        Total::Sum,
    ),
    metric("new_subscriptions", "New Subscriptions", SCALAR, Total::Sum),
    metric(
        "new_subscriptions_revenue",
        "New Subscriptions Revenue",
        MONEY,
        Total::Sum,
    ),
    metric(
        "new_subscriptions_net_revenue",
        "New Subscriptions Net Revenue",
        MONEY,
        Total::Sum,
    ),
    metric(
        "renewed_subscriptions",
        "Renewed Subscriptions",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "renewed_subscriptions_revenue",
        "Renewed Subscriptions Revenue",
        MONEY,
        Total::Sum,
    ),
    metric(
        "renewed_subscriptions_net_revenue",
        "Renewed Subscriptions Net Revenue",
        MONEY,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions",
        "Canceled Subscriptions",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_customer_service",
        "Canceled Subscriptions - Customer Service",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_low_quality",
        "Canceled Subscriptions - Low Quality",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_missing_features",
        "Canceled Subscriptions - Missing Features",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_switched_service",
        "Canceled Subscriptions - Switched Service",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_too_complex",
        "Canceled Subscriptions - Too Complex",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_too_expensive",
        "Canceled Subscriptions - Too Expensive",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_unused",
        "Canceled Subscriptions - Unused",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "canceled_subscriptions_other",
        "Canceled Subscriptions - Other",
        SCALAR,
        Total::Sum,
    ),
    metric(
        "annual_recurring_revenue",
        "Annual Recurring Revenue",
        MONEY,
        Total::Derived,
    ),
    metric(
        "committed_annual_recurring_revenue",
        "Committed Annual Recurring Revenue",
        MONEY,
        Total::Derived,
    ),
    metric(
        "checkouts_conversion",
        "Checkouts Conversion Rate",
        RATIO,
        Total::Derived,
    ),
    metric("ltv", "Lifetime Value", MONEY, Total::Derived),
    metric("gross_margin", "Gross Margin", MONEY, Total::Derived),
    metric(
        "gross_margin_percentage",
        "Gross Margin %",
        RATIO,
        Total::Derived,
    ),
    metric("cashflow", "Cashflow", MONEY, Total::Derived),
    metric(
        "average_seats_per_customer",
        "Average Seats per Customer",
        SCALAR,
        Total::Derived,
    ),
    metric(
        "seat_utilization_rate",
        "Seat Utilization Rate",
        RATIO,
        Total::Derived,
    ),
];
