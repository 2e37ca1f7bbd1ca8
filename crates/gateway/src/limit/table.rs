//! The windows of all callers, in bounded room: when it is full, those who have not called for
//! longest are forgotten, and begin anew.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::Name;
use super::window::Window;

/// Callers of one generation; twice as many are remembered.
const CALLERS_MAX: usize = 32_768;
/// Calls of one generation: 16 MiB, or twice that while lists grow.
const CALLS_MAX: usize = 2 << 20;

/// Two generations: whoever calls belongs to the young one; when it is full it becomes the old one,
/// and the old one is forgotten. So nothing is ever searched for whom to forget, and who is forgotten
/// has not called while [`CALLERS_MAX`] others did.
#[derive(Debug, Default)]
pub(super) struct Table {
    young: HashMap<Name, Window>,
    old: HashMap<Name, Window>,
    /// Calls the young generation remembers.
    calls: usize,
}

impl Table {
    /// A caller's window.
    pub(super) fn window(&mut self, name: &Name) -> Counted<'_> {
        if self.young.len() >= CALLERS_MAX || self.calls >= CALLS_MAX {
            self.old = mem::take(&mut self.young);
            self.calls = 0;
        }
        let (window, before) = match self.young.entry(*name) {
            Entry::Occupied(entry) => {
                let window = entry.into_mut();
                let before = window.len();
                (window, before)
            }
            Entry::Vacant(entry) => {
                let known = self.old.remove(name);
                (entry.insert(known.unwrap_or_default()), 0)
            }
        };
        Counted {
            window,
            before,
            calls: &mut self.calls,
        }
    }
}

/// A window whose growth is counted when it is let go of.
pub(super) struct Counted<'a> {
    window: &'a mut Window,
    before: usize,
    calls: &'a mut usize,
}

impl Deref for Counted<'_> {
    type Target = Window;

    fn deref(&self) -> &Window {
        self.window
    }
}

impl DerefMut for Counted<'_> {
    fn deref_mut(&mut self) -> &mut Window {
        self.window
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        *self.calls = (*self.calls + self.window.len()).saturating_sub(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::{Class, Limit, Who};
    use super::*;

    fn limit(calls: u32) -> Limit {
        Limit {
            who: Who::Anonymous,
            class: Class::License,
            calls,
            seconds: 60,
        }
    }

    fn name(number: usize) -> Name {
        let mut name = Name::default();
        name[..8].copy_from_slice(&number.to_le_bytes());
        name
    }

    #[test]
    fn who_goes_on_calling_is_remembered_among_any_number_of_others() {
        let (mut table, limit) = (Table::default(), limit(1));
        let mine = name(usize::MAX);
        table.window(&mine).note(&limit, 0);
        for other in 0..200_000 {
            table.window(&name(other)).note(&limit, 0);
            if other % 30_000 == 0 {
                assert_eq!(table.window(&mine).look(&limit, 1).left, 0, "{other}");
            }
            assert!(table.young.len() + table.old.len() <= 2 * CALLERS_MAX);
        }
        assert_eq!(table.window(&name(0)).look(&limit, 1).left, 1, "forgotten");
    }

    #[test]
    fn callers_who_call_much_are_fewer() {
        let (mut table, limit) = (Table::default(), limit(100_000));
        for caller in 0..60 {
            for _ in 0..100_000 {
                table.window(&name(caller)).note(&limit, 0);
            }
            let windows = table.young.values().chain(table.old.values());
            let calls: usize = windows.map(Window::len).sum();
            assert!(calls <= 2 * (CALLS_MAX + 100_000), "{calls}");
        }
        // What is let go of counts no more.
        for caller in 0..60 {
            table.window(&name(caller)).look(&limit, 60_000_000);
        }
        let young: usize = table.young.values().map(Window::len).sum();
        assert_eq!((table.calls, young), (0, 0));
    }
}
