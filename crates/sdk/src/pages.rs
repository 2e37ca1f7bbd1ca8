//! A list is a stream: page after page, asked for when needed.

use std::pin::Pin;

use futures_util::{Stream, TryStreamExt as _, stream};
use polarkit_model::{
    Page,
    read::{self, Read},
};

use crate::{
    client::{Polar, decode},
    error::Error,
    reply::ReplyBody,
    request::Request,
};

/// The items of a list, across its pages.
///
/// A page is a place in the list as it is when the page is asked for. What is added before that
/// place while the stream runs moves items back, so that one may come twice; what is removed moves
/// them up, so that one may be missed. A page that fails is tried again by the client's policy;
/// when it fails for good, the stream gives the error and ends.
pub type Items<'a, T> = Pin<Box<dyn Stream<Item = Result<T, Error>> + Send + 'a>>;

/// The pages of a list, as [`Items`] asks for them; none of them is empty.
pub type Pages<'a, T> = Pin<Box<dyn Stream<Item = Result<Page<T>, Error>> + Send + 'a>>;

/// The largest page Polar gives.
const LIMIT_MAX: u32 = 100;

/// How many pages a list may have before something is wrong with it: a hundred million items.
const PAGES_MAX: u32 = 1_000_000;

/// Streams the items of a list from the page its request names, the first unless told otherwise.
pub(crate) fn stream<T: Read + Send + 'static>(polar: &Polar, request: Request) -> Items<'_, T> {
    let items = |page: Page<T>| stream::iter(page.items.into_iter().map(Ok));
    Box::pin(pages(polar, request).map_ok(items).try_flatten())
}

/// Streams the pages of a list from the page its request names, the first unless told otherwise.
pub(crate) fn pages<T: Read + Send + 'static>(polar: &Polar, mut request: Request) -> Pages<'_, T> {
    if request.query_value("limit").is_none() {
        request.query_once("limit", &LIMIT_MAX);
    }
    let page = request
        .query_value("page")
        .and_then(|page| page.parse().ok());
    let place = Place {
        polar,
        page: page.unwrap_or(1),
        request,
        asked: 0,
        before: None,
        last: false,
    };
    Box::pin(stream::try_unfold(place, next))
}

/// Where in a list a stream is.
struct Place<'a> {
    polar: &'a Polar,
    request: Request,
    page: i64,
    asked: u32,
    /// The page before, as it came.
    before: Option<ReplyBody>,
    last: bool,
}

async fn next<T: Read>(mut place: Place<'_>) -> Result<Option<(Page<T>, Place<'_>)>, Error> {
    if place.last {
        return Ok(None);
    }
    place.request.query_once("page", &place.page);
    let reply = place.polar.dispatch(&place.request).await?;
    let page = read::from_slice::<Page<T>>(&reply.body);
    let page = page.map_err(|source| decode(&place.request, source, &reply))?;
    // An empty page ends the list even when the totals, which move, promise more; so does one
    // that comes again: who gives the same twice does not turn pages.
    if page.items.is_empty() || place.before.as_ref() == Some(&reply.body) {
        return Ok(None);
    }
    place.asked += 1;
    place.last = !page.pagination.has_next(place.page) || place.asked >= PAGES_MAX;
    place.page = place.page.saturating_add(1);
    place.before = Some(reply.body);
    Ok(Some((page, place)))
}

/// Gives a request for a page the ways to go on to the next.
macro_rules! list {
    ($name:ident, $item:ty) => {
        impl<'a> $name<'a> {
            /// All items, page after page of a hundred unless a limit is set, from the page asked
            /// for.
            #[inline]
            pub fn stream(self) -> crate::Items<'a, $item> {
                crate::pages::stream(self.polar, self.request)
            }

            /// All pages, of a hundred items unless a limit is set, from the page asked for.
            #[inline]
            pub fn pages(self) -> crate::Pages<'a, $item> {
                crate::pages::pages(self.polar, self.request)
            }

            /// All items, as [`stream`](Self::stream) gives them, for a loop that doesn't await.
            /// See [`blocking`](crate::blocking).
            #[cfg(feature = "blocking")]
            #[inline]
            pub fn iter(self) -> crate::blocking::Iter<$item> {
                crate::blocking::iter(self.polar, self.request, crate::pages::stream)
            }
        }
    };
}

pub(crate) use list;
