//! A list is a stream: page after page, asked for when needed.

use std::{collections::VecDeque, pin::Pin};

use futures_util::{Stream, stream};
use polarkit_model::{
    Page,
    read::{self, Read},
};

use crate::{
    client::{Polar, decode},
    error::Error,
    request::Request,
};

/// The items of a list, across its pages.
pub type Items<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send + 'a>>;

/// The largest page Polar gives.
const LIMIT_MAX: u32 = 100;

/// How many pages a list may have before something is wrong with it: a hundred million items.
const PAGES_MAX: i64 = 1_000_000;

struct State<'a, T> {
    polar: &'a Polar,
    request: Request,
    page: i64,
    last: bool,
    waiting: VecDeque<T>,
}

/// Streams a list from the page its request names, the first unless told otherwise.
pub(crate) fn stream<'a, T: Read + Send + 'a>(
    polar: &'a Polar,
    mut request: Request,
) -> Items<'a, T> {
    let given = |name: &str, request: &Request| {
        request
            .query
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    };
    if given("limit", &request).is_none() {
        request.query_once("limit", &LIMIT_MAX);
    }
    let page = given("page", &request)
        .and_then(|page| page.parse().ok())
        .unwrap_or(1);
    let state = State {
        polar,
        request,
        page,
        last: false,
        waiting: VecDeque::new(),
    };
    Box::pin(stream::try_unfold(state, step))
}

async fn step<T: Read>(mut state: State<'_, T>) -> Result<Option<(T, State<'_, T>)>, Error> {
    while state.waiting.is_empty() && !state.last {
        let page: Page<T> = state.fetch().await?;
        // An empty page ends the list even when the totals, which move, promise more.
        state.last = page.items.is_empty()
            || state.page >= page.pagination.max_page
            || state.page >= PAGES_MAX;
        state.page += 1;
        state.waiting = page.items.into();
    }
    Ok(state.waiting.pop_front().map(|item| (item, state)))
}

impl<T: Read> State<'_, T> {
    async fn fetch(&mut self) -> Result<Page<T>, Error> {
        self.request.query_once("page", &self.page);
        let reply = self.polar.dispatch(&self.request).await?;
        read::from_slice(&reply.body).map_err(|source| decode(&self.request, source, &reply))
    }
}

/// Gives a request for a page the ways to go on to the next.
macro_rules! list {
    ($name:ident, $item:ty) => {
        impl<'a> $name<'a> {
            /// All items, page after page, from the page asked for.
            #[inline]
            pub fn stream(self) -> crate::Items<'a, $item> {
                crate::pages::stream(self.polar, self.request)
            }
        }
    };
}

pub(crate) use list;
