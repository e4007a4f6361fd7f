//! Where the values of a body come from, in every language: the state, what is kept there, a parameter.

use crate::facts::Name;
use crate::facts::actions::Subject;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lang) enum Origin {
    /// `self`.
    Receiver,
    /// A field or a name of the module, with its name.
    State(Name),
    /// Taken from the state of this name.
    Element(Name),
    /// A parameter, or a part of one.
    Parameter,
    /// Made of a parameter, which is still in it: `Entry(user, socket)`.
    Holder,
    /// Computed with a parameter.
    Derived,
    /// Given by another function of the class or module, to which a parameter was told perhaps.
    Own {
        /// Whether one was.
        told_parameter: bool,
    },
}

impl Origin {
    pub(in crate::lang) fn subject(self) -> Subject {
        match self {
            Self::State(_) => Subject::State,
            Self::Element(_) => Subject::Element,
            Self::Parameter => Subject::Parameter,
            Self::Own { .. } => Subject::Own,
            Self::Receiver | Self::Holder | Self::Derived => Subject::Nothing,
        }
    }

    /// The state that it is, or that it comes from.
    pub(in crate::lang) fn state(self) -> Option<Name> {
        match self {
            Self::State(name) | Self::Element(name) => Some(name),
            Self::Receiver | Self::Parameter | Self::Holder | Self::Derived | Self::Own { .. } => None,
        }
    }

    /// What a loop over it gives, a subscript or a call on it.
    pub(in crate::lang) fn part(self) -> Option<Self> {
        match self {
            Self::State(name) | Self::Element(name) => Some(Self::Element(name)),
            Self::Parameter => Some(Self::Parameter),
            Self::Own { .. } => Some(self),
            Self::Holder | Self::Derived => Some(Self::Derived),
            Self::Receiver => None,
        }
    }
}
