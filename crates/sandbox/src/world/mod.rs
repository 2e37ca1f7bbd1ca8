//! The world: everything the sandbox knows, and the only thing that changes. It reads no clock and does no I/O.

mod agenda;
mod chance;
mod id;
mod job;
mod journal;
mod row;
mod saved;
mod table;
mod token;

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::value::RawValue;

pub(crate) use agenda::Agenda;
pub(crate) use chance::Chance;
pub(crate) use id::Id;
pub(crate) use job::Job;
pub(crate) use journal::Line;
pub(crate) use row::{Field, Key, Row, found_by};
pub(crate) use saved::Reader;
pub(crate) use table::{Found, Table};

use crate::credentials::Credentials;
use crate::resource::access_token::AccessToken;
use crate::resource::benefit::Benefit;
use crate::resource::checkout::{Checkout, Watchers};
use crate::resource::checkout_link::CheckoutLink;
use crate::resource::custom_field::CustomField;
use crate::resource::customer::Customer;
use crate::resource::customer_meter::CustomerMeter;
use crate::resource::dashboard::Dashboard;
use crate::resource::discount::Discount;
use crate::resource::dispute::Dispute;
use crate::resource::downloadable::Downloadable;
use crate::resource::event::{Event, EventType};
use crate::resource::file::{File, FilePart};
use crate::resource::grant::Grant;
use crate::resource::license_key::LicenseKey;
use crate::resource::mail::Mail;
use crate::resource::member::Member;
use crate::resource::meter::Meter;
use crate::resource::order::Order;
use crate::resource::organization::Organization;
use crate::resource::payment::Payment;
use crate::resource::payment_method::PaymentMethod;
use crate::resource::portal::{AddressChange, CardSetup, Login};
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::resource::refund::Refund;
use crate::resource::seat::Seat;
use crate::resource::session::Session;
use crate::resource::subscription::Subscription;
use crate::resource::subscription_meter::SubscriptionMeter;
use crate::resource::webhook::{Delivery, Endpoint, Message, Outbox};

/// The world with these tables. A table that is named here is part of the world, saved and brought back.
macro_rules! world {
    ($($table:ident: $row:ty,)*) => {
        /// The state of a whole Polar: tables of rows, work to do, and its own time.
        #[derive(Debug, Clone)]
        pub(crate) struct World {
            /// The last moment that was handed out.
            now: Timestamp,
            /// How far this world's time runs ahead of the clock it was started with.
            ahead: SignedDuration,
            /// What it all began with.
            pub(crate) seed: u64,
            /// Ids and tokens.
            pub(crate) chance: Chance,
            /// Ids of webhook messages and the jitter of their retries. Apart, because deliveries end in
            /// whatever order the network likes, and the ids of rows must not depend on it.
            pub(crate) delivery_chance: Chance,
            /// Webhook attempts to make.
            pub(crate) outbox: Outbox,
            /// Where the sandbox's own pages stand, without a slash at the end.
            pub(crate) base_url: String,
            /// The tokens this world was seeded with.
            pub(crate) credentials: Option<Credentials>,
            /// Work to do.
            pub(crate) agenda: Agenda,
            /// Pages that watch a session; not saved.
            pub(crate) watchers: Watchers,
            $(pub(crate) $table: Table<$row>,)*
        }

        impl World {
            /// An empty world whose time begins at `now` and whose ids follow from `seed`.
            pub(crate) fn empty(seed: u64, now: Timestamp, base_url: String) -> Self {
                Self {
                    now,
                    ahead: SignedDuration::ZERO,
                    seed,
                    chance: Chance::new(seed),
                    delivery_chance: Chance::new(!seed),
                    outbox: Outbox::default(),
                    base_url,
                    credentials: None,
                    agenda: Agenda::default(),
                    watchers: Watchers::default(),
                    $($table: Table::default(),)*
                }
            }

            /// Every row of every table.
            fn rows(&self, lines: &mut Vec<Line>) {
                $(self.$table.lines(stringify!($table), lines);)*
            }

            /// The rows that were added, changed or removed since this was called last.
            fn take_changed_rows(&mut self, lines: &mut Vec<Line>) {
                $(self.$table.take_changes(stringify!($table), lines);)*
            }

            /// Takes back a row, or its absence; `false` when there is no such table.
            fn read_row(
                &mut self,
                table: &str,
                place: u64,
                row: Option<&RawValue>,
            ) -> Result<bool, serde_json::Error> {
                match table {
                    $(stringify!($table) => self.$table.read_line(place, row)?,)*
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    };
}

world! {
    access_tokens: AccessToken,
    address_changes: AddressChange,
    benefits: Benefit,
    card_setups: CardSetup,
    checkout_links: CheckoutLink,
    checkouts: Checkout,
    custom_fields: CustomField,
    customer_meters: CustomerMeter,
    customers: Customer,
    dashboards: Dashboard,
    deliveries: Delivery,
    discounts: Discount,
    disputes: Dispute,
    downloadables: Downloadable,
    endpoints: Endpoint,
    event_types: EventType,
    events: Event,
    file_parts: FilePart,
    files: File,
    grants: Grant,
    license_keys: LicenseKey,
    logins: Login,
    mails: Mail,
    members: Member,
    messages: Message,
    meters: Meter,
    orders: Order,
    organizations: Organization,
    payment_methods: PaymentMethod,
    payments: Payment,
    prices: Price,
    products: Product,
    refunds: Refund,
    seats: Seat,
    sessions: Session,
    subscription_meters: SubscriptionMeter,
    subscriptions: Subscription,
}

impl World {
    /// The world's present moment.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A moment for a row or an event: later than every moment handed out before, so that
    /// timestamps alone tell what came first. Steps are Polar's smallest unit, a microsecond.
    pub(crate) fn stamp(&mut self) -> Timestamp {
        self.now = self.now.saturating_add(1.microsecond()).unwrap_or(self.now);
        self.now
    }

    /// Follows the clock outside. Time never runs backwards in here.
    pub(crate) fn follow(&mut self, wall: Timestamp) {
        let there = wall.saturating_add(self.ahead).unwrap_or(wall);
        self.now = self.now.max(there);
    }

    /// Moves time to `then` (nothing happens on the way: see `clock` for that). Earlier is ignored.
    pub(crate) fn move_to(&mut self, then: Timestamp, wall: Timestamp) {
        if then > self.now {
            self.now = then;
            self.ahead = then.duration_since(wall);
        }
    }

    /// When the next job or delivery falls due.
    pub(crate) fn next_date(&self) -> Option<Timestamp> {
        let dates = [self.agenda.next_date(), self.outbox.next_date()];
        dates.into_iter().flatten().min()
    }

    /// True while something is to be done now or a delivery is on its way.
    pub(crate) fn is_busy(&self) -> bool {
        !self.agenda.is_quiet(self.now) || self.outbox.is_busy(self.now)
    }

    /// Runs the next job that is due; `false` when there is none. Quiet work waits for
    /// [`World::work_quietly`].
    pub(crate) fn work(&mut self) -> bool {
        let Some(job) = self.agenda.take(self.now) else {
            return false;
        };
        job.run(self);
        true
    }

    /// Runs the next piece of quiet work; `false` when there is none.
    pub(crate) fn work_quietly(&mut self) -> bool {
        let Some(job) = self.agenda.take_quiet() else {
            return false;
        };
        job.run(self);
        true
    }
}
