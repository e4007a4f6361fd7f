//! Defects of orders in words, with the places that show them.

use super::{MroTrouble, Provider, TroubleKind};
use crate::analysis::{conflicts, signatures};
use crate::link::members::method_of;
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::text::Offset;

/// A defect, told.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where it is: the class, or the method that does not fit.
    pub place: (FileId, Offset),
    /// What is wrong, in one sentence.
    pub message: String,
    /// Other places that show it.
    pub related: Vec<Related>,
}

/// Another place that shows a defect.
#[derive(Debug, Clone)]
pub struct Related {
    /// Dotted id.
    pub symbol: String,
    /// Where; the standard library's classes have no place.
    pub place: Option<(FileId, Offset)>,
    /// What stands there.
    pub statement: String,
}

/// Tells a defect; none for a class without source.
#[must_use]
pub fn tell(index: &Index, trouble: &MroTrouble) -> Option<Told> {
    let (file, fact) = index.source_of(trouble.class)?;
    let own = (file, fact.name_at);
    let id = |class: ClassId| index.class(class).id.as_str();
    let class_place = |class: ClassId| index.source_of(class).map(|(file, fact)| (file, fact.name_at));
    let method_place = |id: FunctionId| (id.file, index.function(id).name_at);
    let (place, message, related) = match &trouble.kind {
        TroubleKind::InconsistentMro(error) => (own, error.clone(), Vec::new()),
        TroubleKind::IncompatibleOverride { method, overridden, comparison } => {
            let name = index.function(*method).name;
            let details: Vec<String> = comparison.differences.iter().map(conflicts::describe).collect();
            let message = format!(
                "`{name}` cannot stand in for `{}.{name}`: {}",
                id(overridden.class()),
                details.join("; ")
            );
            let (place, statement) = match overridden {
                Provider::Source(_, expected) => {
                    (Some(method_place(*expected)), signatures::render(index, *expected))
                }
                Provider::Library(class) => {
                    let member = index.library.member(*class, name);
                    (None, format!("{name}{}", member.map_or("", |member| member.signature)))
                }
            };
            let symbol = format!("{}.{name}", id(overridden.class()));
            (method_place(*method), message, vec![Related { symbol, place, statement }])
        }
        TroubleKind::ShadowedMethod { name, found, hidden } => {
            let message = format!("`{name}` of {} hides `{name}` of {}", id(*found), id(*hidden));
            let between = index.file(file).facts.separator.as_str();
            let related = [found, hidden].map(|class| {
                let method = method_of(index, *class, *name);
                Related {
                    symbol: format!("{}{between}{name}", id(*class)),
                    place: method.map(method_place),
                    statement: method.map_or(String::new(), |method| signatures::render(index, method)),
                }
            });
            (own, message, related.into())
        }
        TroubleKind::AmbiguousMethod { name, candidates } => {
            let traits: Vec<&str> =
                candidates.iter().filter_map(|candidate| candidate.of_trait).map(id).collect();
            let message = format!(
                "`{name}` is a method of {}: a call is error E0034 where both traits are in scope",
                traits.join(" and ")
            );
            let related = candidates.iter().filter_map(|candidate| {
                Some(Related {
                    symbol: format!("{}::{name}", id(candidate.of_trait?)),
                    place: Some(method_place(candidate.function)),
                    statement: signatures::render(index, candidate.function),
                })
            });
            (own, message, related.collect())
        }
        TroubleKind::AbstractNotImplemented { missing, instantiated } => {
            let names: Vec<String> = missing.iter().map(|(name, _)| format!("`{name}`")).collect();
            let made = match instantiated {
                0 => String::new(),
                1 => ", and it is instantiated once".to_owned(),
                n => format!(", and it is instantiated {n} times"),
            };
            let message = format!("abstract {} not implemented{made}", names.join(", "));
            let related = missing.iter().map(|(name, class)| Related {
                symbol: format!("{}.{name}", id(*class)),
                place: method_of(index, *class, *name).map(method_place),
                statement: "declared abstract".to_owned(),
            });
            (own, message, related.collect())
        }
        TroubleKind::SuperChainBroken { name, stops_at, skipped } => {
            let names: Vec<&str> = skipped.iter().map(|class| id(*class)).collect();
            let owner = index.file(stops_at.file).facts.function_qualname(index.function(*stops_at));
            let message = format!(
                "`{owner}` does not call `super().{name}()`, so `{name}` of {} never runs",
                names.join(", ")
            );
            let stopper = match index.function(*stops_at).owner {
                Some(of) => format!("{}.{name}", id(index.class_of(stops_at.file, of))),
                None => owner,
            };
            let mut related = vec![Related {
                symbol: stopper,
                place: Some(method_place(*stops_at)),
                statement: signatures::render(index, *stops_at),
            }];
            related.extend(skipped.iter().map(|class| Related {
                symbol: format!("{}.{name}", id(*class)),
                place: method_of(index, *class, *name).map(method_place).or_else(|| class_place(*class)),
                statement: "is skipped".to_owned(),
            }));
            (own, message, related)
        }
    };
    Some(Told { place, message, related })
}
