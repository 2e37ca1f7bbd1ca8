//! Enums of words.

use super::{
    super::{names::variant_name, plan::Planned},
    Page,
};

pub(super) fn emit(planned: &Planned<'_>, words: &[String], page: &mut Page) {
    let name = &planned.item.name;
    let text = &mut page.text;
    let shape = planned.item.shape.unwrap_or(name);
    text.push_str(&format!(
        "\nopen_enum! {{\n    /// The words of `{shape}`.\n    {name} {{\n"
    ));
    for word in words {
        let variant = variant_name(word);
        text.push_str(&format!(
            "        /// `{word}`\n        {variant} = {word:?},\n"
        ));
    }
    text.push_str("    }\n}\n");
}
