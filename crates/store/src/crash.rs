//! Points between two steps that belong together, at which tests have the process die.
//!
//! `POLARKIT_CRASH_AT=intake.committed:3` ends a debug build without a farewell at the third passage
//! of that point. In a release build there is nothing of it.

/// A passage of this point.
#[inline]
pub fn point(name: &str) {
    #[cfg(debug_assertions)]
    armed::pass(name);
    #[cfg(not(debug_assertions))]
    let _: &str = name;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// The point, and how many passages are left to it.
    static ARMED: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
        let text = said()?;
        let (name, passages) = text.rsplit_once(':')?;
        let passages: i64 = passages.parse().ok()?;
        Some((name.to_owned(), passages.into()))
    });

    pub(super) fn pass(name: &str) {
        if let Some((armed, left)) = ARMED.as_ref()
            && armed == name
            && left.fetch_sub(1, Ordering::Relaxed) == 1
        {
            std::process::abort();
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "of the tests' own, and in no release"
    )]
    fn said() -> Option<String> {
        std::env::var("POLARKIT_CRASH_AT").ok()
    }
}
