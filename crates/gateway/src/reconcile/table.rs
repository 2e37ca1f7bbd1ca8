//! Polar's lists: where they are, how they are ordered, and what may be believed of them.

/// One list of Polar's.
#[derive(Debug)]
pub(crate) struct Table {
    /// What it lists, as the mirror calls it.
    pub(crate) kind: &'static str,
    pub(crate) path: &'static str,
    /// The oldest first, so that what is added while it is read comes at its end.
    pub(crate) sorting: Option<&'static str>,
    /// Whether webhooks tell of its objects: then what differs is drift, else it is just news.
    pub(crate) told: bool,
    /// Whether one object may be asked for by its id: what a list hides may still be there.
    pub(crate) by_id: bool,
    /// What it may be narrowed to.
    pub(crate) filters: &'static [Filter],
}

/// What a list may be narrowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    /// One organization's objects.
    Organization,
    /// One customer's objects.
    Customer,
}

impl Table {
    pub(crate) fn is_by(&self, filter: Filter) -> bool {
        self.filters.contains(&filter)
    }
}

const fn table(kind: &'static str, path: &'static str) -> Table {
    Table {
        kind,
        path,
        sorting: Some("created_at"),
        told: true,
        by_id: true,
        filters: &[Filter::Organization, Filter::Customer],
    }
}

const fn license_keys() -> Table {
    Table {
        filters: &[Filter::Organization],
        sorting: None,
        told: false,
        ..table("license_key", "/v1/license-keys/")
    }
}

/// Also asked for one at a time.
pub(crate) static LICENSE_KEYS: Table = license_keys();

/// Every list that is read, what others refer to first.
///
/// None is asked with a filter that hides: no `active`, no `is_archived`, no `status`. What is
/// hidden all the same (a subscription that never started) is asked for by its id before it counts
/// as gone.
pub(crate) static TABLES: [Table; 12] = [
    Table {
        filters: &[Filter::Organization],
        ..table("product", "/v1/products/")
    },
    Table {
        filters: &[Filter::Organization],
        ..table("benefit", "/v1/benefits/")
    },
    Table {
        filters: &[Filter::Organization],
        told: false,
        ..table("meter", "/v1/meters/")
    },
    Table {
        filters: &[Filter::Organization],
        ..table("discount", "/v1/discounts/")
    },
    Table {
        filters: &[Filter::Organization],
        ..table("customer", "/v1/customers/")
    },
    Table {
        by_id: false,
        filters: &[Filter::Customer],
        ..table("member", "/v1/members/")
    },
    Table {
        sorting: Some("started_at"),
        ..table("subscription", "/v1/subscriptions/")
    },
    table("order", "/v1/orders/"),
    Table {
        by_id: false,
        ..table("benefit_grant", "/v1/benefit-grants/")
    },
    Table {
        by_id: false,
        ..table("refund", "/v1/refunds/")
    },
    Table {
        told: false,
        ..table("customer_meter", "/v1/customer-meters/")
    },
    license_keys(),
];

/// Seats have no list of their own: they are asked for by what they were bought with.
pub(crate) static SEATS: Table = Table {
    sorting: None,
    by_id: false,
    filters: &[],
    ..table("customer_seat", "/v1/customer-seats")
};
