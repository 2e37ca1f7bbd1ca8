//! A downloadable: one file in one buyer's hands, because of a benefit.

mod give;
mod render;
mod token;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(crate) use give::{give, take_back};
pub(crate) use render::{render, render_file};
pub(crate) use token::fetch;

use crate::resource::benefit::Benefit;
use crate::resource::customer::Customer;
use crate::resource::file::File;
use crate::resource::member::Member;
use crate::world::{Id, World, found_by};

/// One row. Taken back and given again, it stays the same row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Downloadable {
    pub(crate) id: Id<Self>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Option<Timestamp>,
    pub(crate) file: Id<File>,
    pub(crate) customer: Id<Customer>,
    pub(crate) benefit: Id<Benefit>,
    pub(crate) member: Option<Id<Member>>,
    pub(crate) granted: bool,
    /// How often it was fetched.
    pub(crate) downloads: i64,
}

found_by!(Downloadable: customer, benefit);

impl Downloadable {
    /// The file, while its holder may have it.
    pub(crate) fn live_file<'w>(&self, world: &'w World) -> Option<&'w File> {
        let sold = world
            .benefits
            .find(self.benefit)
            .is_some_and(|row| !row.deleted);
        let file = world.files.find(self.file).filter(|file| file.is_live())?;
        (self.granted && sold).then_some(file)
    }
}
