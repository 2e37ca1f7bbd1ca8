//! Which types are written, for which direction, and in which file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use polarkit_spec::{Facts, Kind, Location, Method, Operation, Shape};

use super::{
    super::overrides::Overrides,
    names::{field_name, type_name},
    ty::{Item, Place, Ty, Types},
};

/// Everything the emitters need to know.
pub(super) struct Plan<'a> {
    pub types: Types<'a>,
    pub items: BTreeMap<String, Planned<'a>>,
    pub ids: BTreeSet<String>,
}

/// A type that is written.
pub(super) struct Planned<'a> {
    pub item: Item<'a>,
    pub uses: Uses,
    tags: BTreeSet<&'a str>,
}

/// What a type is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// It is sent.
    pub input: bool,
    /// It is received.
    pub output: bool,
    /// It is the body of a partial update, where null and absent differ.
    pub patch: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(facts: &'a Facts, overrides: &'a Overrides) -> Result<Self> {
        let types = Types::new(facts, overrides)?;
        let mut plan = Self {
            types,
            items: BTreeMap::new(),
            ids: BTreeSet::new(),
        };
        for operation in &facts.operations {
            plan.add_operation(operation)
                .with_context(|| operation.id.clone())?;
        }
        for event in &facts.events {
            let data = plan.types.of_reference(&event.data)?;
            plan.add(
                &data,
                Uses {
                    output: true,
                    ..Uses::default()
                },
                None,
            )?;
        }
        Ok(plan)
    }

    fn add_operation(&mut self, operation: &'a Operation) -> Result<()> {
        let tag = Some(operation.tag.as_str());
        let input = Uses {
            input: true,
            ..Uses::default()
        };
        for parameter in &operation.parameters {
            let ty = self.parameter(operation, parameter)?;
            self.add(&ty, input, tag)?;
        }
        if let Some(ty) = self.body(operation)? {
            self.add(&ty, input, tag)?;
            if operation.method == Method::Patch {
                self.mark_patch(&ty)?;
            }
        }
        if let Some(ty) = self.success(operation)? {
            self.add(
                &ty,
                Uses {
                    output: true,
                    ..Uses::default()
                },
                tag,
            )?;
        }
        Ok(())
    }

    /// The type of an operation's body.
    pub(super) fn body(&self, operation: &'a Operation) -> Result<Option<Ty<'a>>> {
        let Some(body) = &operation.body else {
            return Ok(None);
        };
        let owner = format!("{} body", operation.id);
        self.types
            .of(
                &body.shape,
                Place {
                    owner: &owner,
                    field: "",
                },
            )
            .map(Some)
    }

    /// The type of what an operation answers with, when it does.
    pub(super) fn success(&self, operation: &'a Operation) -> Result<Option<Ty<'a>>> {
        let Some(shape) = &operation.success.shape else {
            return Ok(None);
        };
        let owner = format!("{} success", operation.id);
        self.types
            .of(
                shape,
                Place {
                    owner: &owner,
                    field: "",
                },
            )
            .map(Some)
    }

    /// The type of a parameter. One or several of a kind is several, as an id in the query is.
    pub(super) fn parameter(
        &self,
        operation: &'a Operation,
        parameter: &'a polarkit_spec::Parameter,
    ) -> Result<Ty<'a>> {
        if parameter.style.is_some() {
            return Ok(Ty::Plain("FreeForm"));
        }
        if parameter.name == "id" {
            let id = Ty::Id(self.path_id(&operation.path)?);
            return Ok(match parameter.location {
                Location::Path => id,
                Location::Query => Ty::List(Box::new(id)),
            });
        }
        let place = Place {
            owner: "",
            field: &parameter.name,
        };
        if let Kind::Union(union) = &parameter.shape.kind
            && let Some(list) = union
                .branches
                .iter()
                .find(|b| matches!(b.kind, Kind::List(_)))
        {
            return self.types.of(list, place);
        }
        self.types.of(&parameter.shape, place)
    }

    fn path_id(&self, path: &str) -> Result<String> {
        let before = path.split("/{id}").next().unwrap_or_default();
        let before = before.trim_end_matches('/');
        let paths = &self.types.overrides.ids.paths;
        let fitting = paths
            .iter()
            .filter(|(part, _)| before.ends_with(&format!("/{part}")));
        let named = fitting.max_by_key(|(part, _)| part.len());
        Ok(named
            .with_context(|| format!("overrides.toml: whose id is in {path}?"))?
            .1
            .clone())
    }

    fn add(&mut self, ty: &Ty<'a>, uses: Uses, tag: Option<&'a str>) -> Result<()> {
        match ty {
            Ty::List(of) | Ty::Map(of) | Ty::Page(of) => self.add(of, uses, tag),
            Ty::Pair(one, two) => {
                self.add(one, uses, tag)?;
                self.add(two, uses, tag)
            }
            Ty::Id(name) => {
                self.ids.insert(name.clone());
                Ok(())
            }
            Ty::Item(item) => self.add_item(item, uses, tag),
            _ => Ok(()),
        }
    }

    fn add_item(&mut self, item: &Item<'a>, uses: Uses, tag: Option<&'a str>) -> Result<()> {
        let planned = self
            .items
            .entry(item.name.clone())
            .or_insert_with(|| Planned {
                item: item.clone(),
                uses: Uses::default(),
                tags: BTreeSet::new(),
            });
        ensure!(
            planned.item.kind == item.kind,
            "two types want the name {}",
            item.name
        );
        let known_use = planned.uses.input >= uses.input && planned.uses.output >= uses.output;
        let known_tag = tag.is_none_or(|tag| planned.tags.contains(tag));
        if known_use && known_tag && (tag.is_some() || !planned.tags.is_empty()) {
            return Ok(());
        }
        let was_new = !known_use || !known_tag;
        planned.uses.input |= uses.input;
        planned.uses.output |= uses.output;
        planned.tags.extend(tag);
        if !was_new {
            return Ok(());
        }
        for part in self.parts(item)? {
            self.add(&part, uses, tag)?;
        }
        Ok(())
    }

    /// The types a type is made of.
    pub(super) fn parts(&self, item: &Item<'a>) -> Result<Vec<Ty<'a>>> {
        let owner = item.shape.unwrap_or(&item.name);
        let of = |shape: &'a Shape, field: &str| {
            self.types
                .of(shape, Place { owner, field })
                .with_context(|| format!("{owner}.{field}"))
        };
        match item.kind {
            Kind::Object(object) => object
                .fields
                .iter()
                .map(|field| of(&field.shape, &field.name))
                .collect(),
            Kind::Union(union) => union.branches.iter().map(|branch| of(branch, "")).collect(),
            _ => Ok(Vec::new()),
        }
    }

    fn mark_patch(&mut self, ty: &Ty<'a>) -> Result<()> {
        let Ty::Item(item) = ty else { return Ok(()) };
        if let Some(planned) = self.items.get_mut(&item.name) {
            planned.uses.patch = true;
        }
        if matches!(item.kind, Kind::Union(_)) {
            for branch in self.parts(item)? {
                self.mark_patch(&branch)?;
            }
        }
        Ok(())
    }

    /// The file a type goes to: its only user's, else that of the noun it is named after.
    pub(super) fn file(&self, planned: &Planned<'a>) -> String {
        if planned.tags.len() == 1 {
            return planned.tags.iter().map(|tag| field_name(tag)).collect();
        }
        let all = self
            .types
            .facts
            .operations
            .iter()
            .map(|operation| operation.tag.as_str());
        let nouns: BTreeSet<_> = all.collect();
        let named_after = nouns
            .into_iter()
            .filter(|tag| planned.item.name.starts_with(&noun(tag)))
            .max_by_key(|tag| tag.len());
        named_after.map_or_else(|| "shared".to_owned(), field_name)
    }
}

/// `checkout-links` → `CheckoutLink`.
fn noun(tag: &str) -> String {
    type_name(tag).trim_end_matches('s').to_owned()
}
