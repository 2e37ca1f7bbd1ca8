//! When a discount may be used, and what it takes off.

use jiff::Timestamp;

use super::{Discount, Duration, Redemption, Worth};
use crate::billing::{self, Cycle, Interval};
use crate::resource::checkout::Checkout;
use crate::resource::order::OrderStatus;
use crate::resource::organization::Organization;
use crate::resource::price::Price;
use crate::resource::product::Product;
use crate::world::{Id, World};

impl Discount {
    /// True when somebody may take it up now.
    pub(crate) fn is_redeemable(&self, now: Timestamp) -> bool {
        self.deleted_at.is_none() && self.is_open(now)
    }

    /// True when its dates and its limit let it be used now, also by those who took it up before it was
    /// deleted.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        let used = i64::try_from(self.redemptions.len()).unwrap_or(i64::MAX);
        self.starts_at.is_none_or(|starts_at| starts_at <= now)
            && self.ends_at.is_none_or(|ends_at| now <= ends_at)
            && self.max_redemptions.is_none_or(|most| used < most)
    }

    /// True when it may be used on `product` in `currency`.
    pub(crate) fn fits(&self, product: Id<Product>, currency: &str) -> bool {
        let worth = match &self.worth {
            Worth::Fixed(amounts) => amounts.contains_key(currency),
            Worth::Percentage(_) => true,
        };
        worth && (self.products.is_empty() || self.products.contains(&product))
    }

    /// True when a buyer whose uses are those that `counts` finds may use it once more. Uses by the session
    /// `asking` don't count.
    pub(crate) fn is_left_for(
        &self,
        asking: Id<Checkout>,
        counts: impl Fn(&Redemption) -> bool,
    ) -> bool {
        let Some(most) = self.max_redemptions_per_customer else {
            return true;
        };
        let used = self
            .redemptions
            .iter()
            .filter(|used| used.checkout != Some(asking))
            .filter(|used| counts(used))
            .count();
        i64::try_from(used).unwrap_or(i64::MAX) < most
    }

    /// What it takes off `base`.
    pub(crate) fn amount(&self, base: i64, currency: &str) -> i64 {
        match &self.worth {
            Worth::Fixed(amounts) => amounts.get(currency).copied().unwrap_or_default(),
            Worth::Percentage(basis_points) => billing::basis_points_of(base, *basis_points),
        }
        .clamp(0, base.max(0))
    }

    /// True when it still lowers the bill of a period that starts at `start`, after it lowered its first
    /// at `since`. Months are counted by the calendar, however long the periods are, and the first one
    /// counts.
    pub(crate) fn lasts(&self, since: Timestamp, start: Timestamp) -> bool {
        match self.duration {
            Duration::Forever => true,
            Duration::Once => start <= since,
            Duration::Repeating(count) => {
                let months = Cycle {
                    interval: Interval::Month,
                    count: count.saturating_sub(1),
                };
                start <= months.from(since)
            }
        }
    }

    /// What it takes off each of `amounts`: a percentage of each, or one sum shared among them, the
    /// largest remainders first, so that the shares add up to it.
    pub(crate) fn shares(&self, amounts: &[i64], currency: &str) -> Vec<i64> {
        let total: i64 = amounts.iter().sum();
        if matches!(self.worth, Worth::Percentage(_)) || total <= 0 {
            let own = amounts.iter().map(|amount| self.amount(*amount, currency));
            return own.collect();
        }
        let off = i128::from(self.amount(total, currency));
        let total = i128::from(total);
        let weighted: Vec<_> = amounts
            .iter()
            .map(|amount| off * i128::from(*amount))
            .collect();
        let mut shares: Vec<_> = weighted.iter().map(|weight| weight / total).collect();
        let left = off - shares.iter().sum::<i128>();
        let mut order: Vec<_> = weighted
            .iter()
            .map(|weight| weight % total)
            .enumerate()
            .collect();
        order.sort_by_key(|(_, remainder)| std::cmp::Reverse(*remainder));
        for (index, _) in order
            .into_iter()
            .take(usize::try_from(left).unwrap_or_default())
        {
            if let Some(share) = shares.get_mut(index) {
                *share += 1;
            }
        }
        let shares = shares.into_iter().map(i64::try_from);
        shares.map(Result::unwrap_or_default).collect()
    }

    /// True when it makes every bill nothing, for ever.
    pub(crate) fn is_all_forever(&self) -> bool {
        self.duration == Duration::Forever && self.worth == Worth::Percentage(10_000)
    }
}

/// True when a discount can lower some of the prices: those that are not free.
pub(crate) fn is_applicable<'p>(mut prices: impl Iterator<Item = &'p Price>) -> bool {
    prices.any(|price| !price.is_free())
}

/// False for a use whose orders have all gone back to the buyer.
pub(crate) fn counts(world: &World, used: &Redemption) -> bool {
    let of_checkout = used.checkout.map(|id| world.orders.of(id));
    let of_subscription = used.subscription.map(|id| world.orders.of(id));
    let kept = [OrderStatus::Paid, OrderStatus::PartiallyRefunded];
    let orders = of_checkout.into_iter().flatten();
    let orders = orders.chain(of_subscription.into_iter().flatten());
    let mut orders = orders.peekable();
    orders.peek().is_none() || orders.any(|order| kept.contains(&order.status))
}

impl World {
    /// The organization's living discount with this code, in any case.
    pub(crate) fn discount_by_code(
        &self,
        organization: Id<Organization>,
        code: &str,
    ) -> Option<&Discount> {
        let wanted = code.trim();
        self.discounts.of(organization).find(|row| {
            row.deleted_at.is_none()
                && row
                    .code
                    .as_ref()
                    .is_some_and(|code| code.eq_ignore_ascii_case(wanted))
        })
    }
}

/// An e-mail as limits see it: lower case, without what follows a plus sign.
pub(crate) fn plain_email(email: &str) -> String {
    let email = email.to_lowercase();
    match email.split_once('@') {
        Some((name, domain)) => {
            let name = name.split('+').next().unwrap_or_default();
            format!("{name}@{domain}")
        }
        None => email,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Map;

    use super::*;
    use crate::world::Chance;

    fn discount(worth: Worth, duration: Duration) -> Discount {
        let mut chance = Chance::new(1);
        Discount {
            id: chance.id(),
            organization: chance.id(),
            created_at: at("2026-01-01T00:00:00Z"),
            modified_at: None,
            deleted_at: None,
            name: "Test".to_owned(),
            code: None,
            worth,
            duration,
            starts_at: None,
            ends_at: None,
            max_redemptions: None,
            max_redemptions_per_customer: None,
            products: Vec::new(),
            metadata: Map::new(),
            redemptions: Vec::new(),
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_takes_off_its_worth_but_never_more_than_there_is() {
        let percent = |points| discount(Worth::Percentage(points), Duration::Once);
        assert_eq!(percent(3333).amount(999, "usd"), 333);
        assert_eq!(percent(10_000).amount(999, "usd"), 999);
        let fixed = discount(
            Worth::Fixed(BTreeMap::from([("usd".to_owned(), 500)])),
            Duration::Once,
        );
        assert_eq!(fixed.amount(2000, "usd"), 500);
        assert_eq!(fixed.amount(300, "usd"), 300);
        assert_eq!(fixed.amount(2000, "eur"), 0);
    }

    #[test]
    fn its_duration_counts_calendar_months_from_the_first_period_it_lowered() {
        let since = at("2026-01-31T00:00:00Z");
        for (duration, start, wanted) in [
            (Duration::Once, "2026-01-31T00:00:00Z", true),
            (Duration::Once, "2026-02-01T00:00:00Z", false),
            (Duration::Forever, "2036-02-01T00:00:00Z", true),
            (Duration::Repeating(1), "2026-01-31T00:00:00Z", true),
            (Duration::Repeating(1), "2026-02-07T00:00:00Z", false),
            (Duration::Repeating(3), "2026-03-31T00:00:00Z", true),
            (Duration::Repeating(3), "2026-04-07T00:00:00Z", false),
        ] {
            let got = discount(Worth::Percentage(100), duration).lasts(since, at(start));
            assert_eq!(got, wanted, "{duration:?} {start}");
        }
    }

    #[test]
    fn one_sum_is_shared_among_prices_to_the_last_unit() {
        let fixed = |amount| {
            let amounts = BTreeMap::from([("usd".to_owned(), amount)]);
            discount(Worth::Fixed(amounts), Duration::Once)
        };
        assert_eq!(fixed(100).shares(&[1000, 2000], "usd"), [33, 67]);
        assert_eq!(fixed(100).shares(&[1, 1, 1], "usd"), [1, 1, 1]);
        assert_eq!(fixed(100).shares(&[0, 0], "usd"), [0, 0]);
        let half = discount(Worth::Percentage(5000), Duration::Once);
        assert_eq!(half.shares(&[3, 5], "usd"), [2, 3]);
    }

    #[test]
    fn limits_count_redemptions_in_all_and_by_buyer() {
        let mut limited = discount(Worth::Percentage(100), Duration::Once);
        limited.max_redemptions = Some(2);
        limited.max_redemptions_per_customer = Some(1);
        let now = at("2026-02-01T00:00:00Z");
        limited.redemptions.push(Redemption {
            checkout: None,
            subscription: None,
            customer: None,
            email: Some("ada@example.com".to_owned()),
        });
        assert!(limited.is_redeemable(now));
        let here = Chance::new(2).id();
        let left = |email| limited.is_left_for(here, |used| used.email.as_deref() == Some(email));
        assert!(!left("ada@example.com"));
        assert!(left("bob@example.com"));
        limited.redemptions.push(limited.redemptions[0].clone());
        assert!(!limited.is_redeemable(now));
    }

    #[test]
    fn limits_see_through_what_follows_a_plus_sign() {
        assert_eq!(plain_email("Ada+again@Example.com"), "ada@example.com");
        assert_eq!(plain_email("ada"), "ada");
    }

    #[test]
    fn it_is_redeemable_from_its_start_to_its_end() {
        let mut dated = discount(Worth::Percentage(100), Duration::Once);
        dated.starts_at = Some(at("2026-02-01T00:00:00Z"));
        dated.ends_at = Some(at("2026-03-01T00:00:00Z"));
        for (now, redeemable) in [
            ("2026-01-31T23:59:59Z", false),
            ("2026-02-01T00:00:00Z", true),
            ("2026-02-28T23:59:59Z", true),
            ("2026-03-01T00:00:00Z", true),
            ("2026-03-01T00:00:01Z", false),
        ] {
            assert_eq!(dated.is_redeemable(at(now)), redeemable, "{now}");
        }
    }
}
