//! What two units may have in common: things that they do, interfaces that they use, words.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::facts::Name;
use crate::facts::actions::{ActionKind, Involved, Subject};

/// One thing that two units may have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// An action, with its name where that is a word of an interface.
    Does(ActionKind, Subject, Involved, Option<Name>),
    /// A call of this verb's group.
    Calls(Subject, Name),
    /// Two actions in one function.
    Together((ActionKind, Subject), (ActionKind, Subject, Option<Name>)),
    /// Two things that are done with what lies in one place, in whatever methods.
    Custody(Stage, Stage),
    /// Something that a public function does with what is kept, itself or through others, and whether
    /// the caller says with which part: in a dictionary, a list or a store far away.
    Handles(ActionKind, bool),
    /// Two such things that one public function does.
    HandlesBoth((ActionKind, bool), (ActionKind, bool)),
    /// Such a thing, and the shape of what the function gives back, where that is known.
    Gives((ActionKind, bool), Option<Name>),
    /// A name from outside the tree: the module and what is taken from it.
    Uses(Name, Option<Name>),
    /// A name from outside the tree that functions use which call it.
    Company(Name, Option<Name>),
    /// A word of its name.
    Word(Name),
    /// A public method: the verb's group and one of its objects.
    Deed(Name, Option<Name>),
    /// A word of a parameter's name.
    Parameter(Name),
    /// A word of a field's name.
    Field(Name),
}

/// Something that is done with what lies in one place: with the verb of a call, or the shape of a return.
pub type Stage = (ActionKind, bool, Option<Name>);

/// Which of the profiles a feature belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What its public functions do with what is kept, and what they give back.
    Handling,
    /// What its functions do one by one.
    Actions,
    /// Which outside interfaces it uses.
    Interfaces,
    /// Which outside interfaces those use that call it.
    Company,
    /// What it is called.
    Vocabulary,
}

impl Feature {
    /// The profile that it belongs to.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            Self::Handles(..) | Self::HandlesBoth(..) | Self::Gives(..) => Side::Handling,
            Self::Does(ActionKind::Return, ..) => Side::Handling,
            Self::Does(..) | Self::Calls(..) | Self::Together(..) | Self::Custody(..) => Side::Actions,
            Self::Uses(..) => Side::Interfaces,
            Self::Company(..) => Side::Company,
            Self::Word(_) | Self::Deed(..) | Self::Parameter(_) | Self::Field(_) => Side::Vocabulary,
        }
    }

    /// How much it says, rarity aside.
    pub(super) fn weight(&self) -> f32 {
        match self {
            Self::Uses(_, Some(_)) | Self::Company(_, Some(_)) => 1.3,
            Self::Uses(_, None) | Self::Company(_, None) => 0.6,
            Self::Does(ActionKind::Call | ActionKind::Invoke, ..) => 1.0,
            Self::Does(ActionKind::Raise | ActionKind::Catch | ActionKind::Return, ..) => 0.5,
            Self::Does(..) => 0.8,
            Self::Calls(..) => 1.0,
            Self::Together(..) | Self::Custody(..) => 0.8,
            Self::Handles(..) => 1.0,
            Self::HandlesBoth(..) | Self::Gives(..) => 0.9,
            Self::Deed(_, Some(_)) => 1.2,
            Self::Deed(_, None) => 0.7,
            Self::Word(_) => 1.0,
            Self::Parameter(_) | Self::Field(_) => 0.6,
        }
    }

    /// A key that is the same in every run.
    pub(super) fn key(&self) -> u32 {
        let mut hasher = FxHasher::default();
        let word = |hasher: &mut FxHasher, name: Option<Name>| hasher.write_u64(name.map_or(0, Name::digest));
        match *self {
            Self::Does(kind, on, by, name) => {
                (1u8, kind, on, by).hash(&mut hasher);
                word(&mut hasher, name);
            }
            Self::Calls(on, verb) => {
                (2u8, on).hash(&mut hasher);
                word(&mut hasher, Some(verb));
            }
            Self::Together(a, (kind, on, name)) => {
                (3u8, a, kind, on).hash(&mut hasher);
                word(&mut hasher, name);
            }
            Self::Custody((a, stores_a, name_a), (b, stores_b, name_b)) => {
                (9u8, a, stores_a, b, stores_b).hash(&mut hasher);
                word(&mut hasher, name_a);
                word(&mut hasher, name_b);
            }
            Self::Handles(kind, by) => (10u8, kind, by).hash(&mut hasher),
            Self::HandlesBoth(a, b) => (11u8, a, b).hash(&mut hasher),
            Self::Gives(handled, shape) => {
                (12u8, handled).hash(&mut hasher);
                word(&mut hasher, shape);
            }
            Self::Uses(module, name) => {
                hasher.write_u8(4);
                word(&mut hasher, Some(module));
                word(&mut hasher, name);
            }
            Self::Company(module, name) => {
                hasher.write_u8(13);
                word(&mut hasher, Some(module));
                word(&mut hasher, name);
            }
            Self::Word(name) => {
                hasher.write_u8(5);
                word(&mut hasher, Some(name));
            }
            Self::Deed(verb, object) => {
                hasher.write_u8(6);
                word(&mut hasher, Some(verb));
                word(&mut hasher, object);
            }
            Self::Parameter(name) => {
                hasher.write_u8(7);
                word(&mut hasher, Some(name));
            }
            Self::Field(name) => {
                hasher.write_u8(8);
                word(&mut hasher, Some(name));
            }
        }
        let hash = hasher.finish();
        (hash ^ (hash >> 32)) as u32
    }
}

/// A feature of a unit.
#[derive(Debug, Clone, Copy)]
pub struct Weighed {
    /// Its key, the same in every run.
    pub key: u32,
    /// The feature.
    pub feature: Feature,
    /// Log frequency, times how much the feature says.
    pub weight: f32,
}
