//! What a rule says of a place: findings, their evidence, and what makes two of them the same.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares the rules and their ids.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal,)+) => {
        /// The rules, by what they find.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Rule {
            $($(#[doc = $doc])* #[serde(rename = $id)] $name,)+
        }

        impl Rule {
            /// All of them, in the order of their ids' meaning: copies, conflicts, orders, modules, upkeep.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Kebab-case; names the defect.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }
        }
    };
}

rules! {
    /// A second implementation of a responsibility.
    DuplicateConcept = "duplicate-concept",
    /// One class name, several definitions of one thing.
    DuplicateDefinition = "duplicate-definition",
    /// One protocol name, several definitions.
    DuplicateProtocol = "duplicate-protocol",
    /// One method name, unrelated types of a concept, signatures that do not agree.
    NameClash = "name-clash",
    /// Parameters differ from those of the canonical one or of a protocol.
    SignatureMismatch = "signature-mismatch",
    /// Return types differ.
    ReturnType = "return-type",
    /// One is async, the other is not.
    AsyncMismatch = "async-mismatch",
    /// Instance, class, static, property.
    BindingMismatch = "binding-mismatch",
    /// `_send` here, `send` there.
    VisibilityMismatch = "visibility-mismatch",
    /// Demanded by a protocol or called by users, but not there.
    MissingMethod = "missing-method",
    /// One job, two names.
    NamingMismatch = "naming-mismatch",
    /// A method that hides another one of its name.
    ShadowedMethod = "shadowed-method",
    /// Two traits provide a method, and neither comes first.
    AmbiguousMethod = "ambiguous-method",
    /// An override that cannot stand in for what it overrides.
    IncompatibleOverride = "incompatible-override",
    /// Abstract methods without an implementation in a class that is made.
    AbstractNotImplemented = "abstract-not-implemented",
    /// Bases that no order satisfies.
    InconsistentMro = "inconsistent-mro",
    /// A method that does not pass the call on.
    SuperChainBroken = "super-chain-broken",
    /// Modules that import each other in a circle.
    ImportCycle = "import-cycle",
    /// A type that does not do what a protocol demands that it is held to.
    ProtocolViolation = "protocol-violation",
    /// One of several implementations that nothing in production uses.
    UnusedImplementation = "unused-implementation",
    /// A stand-in for an old name that should be gone by now.
    ShimOverdue = "shim-overdue",
    /// A suppression that suppresses nothing, has expired or gives no reason.
    StaleSuppression = "stale-suppression",
    /// An entry of the baseline that no longer occurs, where that is to fail.
    StaleBaseline = "stale-baseline",
    /// A name of the configuration that nothing bears.
    UnknownName = "unknown-name",
}

impl Rule {
    /// The rule with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.id() == id)
    }

    /// The rule whose findings a finding of this one may turn into without anything having changed: a copy
    /// stays known when its concept is declared.
    #[must_use]
    pub fn family(self) -> Self {
        match self {
            Self::DuplicateDefinition => Self::DuplicateConcept,
            other => other,
        }
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Should be mended.
    Warning,
    /// Must not come in.
    Error,
}

impl Severity {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place that shows what a finding says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// Relative to the root of the scan, with `/`.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
    /// How many characters it is about.
    pub length: u32,
    /// What stands there, in a few words.
    pub label: String,
    /// The first line of the definition, where its decorators and a suppression may stand above
    /// [`Evidence::line`].
    pub first_line: u32,
}

/// What a finding is about, by a name that outlives moved files, and where it is now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Atom {
    /// The qualified name within the module, without the module: `WebSocketManager.send`.
    pub name: String,
    /// The file that it is in now.
    pub path: String,
}

/// A rule's verdict on a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where: what it is about comes first. Never empty.
    pub places: Vec<Evidence>,
    /// Why we think so, part by part.
    pub notes: Vec<String>,
    /// What it is about, see [`Finding::is_known_by`](crate::gate). Never empty.
    pub atoms: Vec<Atom>,
    /// The types that a suppression may name, by dotted id.
    pub symbols: Vec<String>,
    /// It counts only after this day.
    pub after: Option<Date>,
    /// Of copies: what they are like.
    pub copy: Option<Copy>,
}

/// What a finding on a copy says besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// For each atom a digest of its content, which stays the same when it is moved, renamed or laid out otherwise.
    pub digests: [String; 2],
    /// It is no finding, and may become one after a change elsewhere in the tree, since what is rare depends on all of it. It
    /// is remembered so that two that did not change are not taken for new.
    pub is_near: bool,
    /// How the finding reads where the second is new beside the first.
    pub turned: Option<Turned>,
}

/// A finding seen from its other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turned {
    /// What is wrong.
    pub message: String,
    /// The labels of the second place, which comes first now, and of the first.
    pub labels: [String; 2],
    /// The type that a suppression may name now.
    pub symbol: String,
}

impl Finding {
    /// The atoms with the digests of their contents, sorted; of copies alone.
    #[must_use]
    pub fn contents(&self) -> Option<[Atom; 2]> {
        let Copy { digests, .. } = self.copy.as_ref()?;
        let [a, b] = self.atoms.as_slice() else { return None };
        let with = |atom: &Atom, digest: &str| Atom {
            name: format!("{}#{digest}", atom.name),
            path: atom.path.clone(),
        };
        let mut both = [with(a, &digests[0]), with(b, &digests[1])];
        both.sort();
        Some(both)
    }

    /// Whether it is no finding yet; see [`Copy::is_near`].
    #[must_use]
    pub fn is_near(&self) -> bool {
        self.copy.as_ref().is_some_and(|copy| copy.is_near)
    }

    /// The place that it is about.
    #[must_use]
    pub fn place(&self) -> &Evidence {
        &self.places[0]
    }

    /// The same for the same finding after lines, files or folders have moved: 16 hexadecimal digits
    /// over the rule and the names of what it is about.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut names: Vec<&str> = self.atoms.iter().map(|atom| atom.name.as_str()).collect();
        names.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.rule.family().id().as_bytes());
        for name in names {
            hasher.update(b"\0").update(name.as_bytes());
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

/// A comment or an entry of the configuration that lets a finding pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The rules that it names, as written.
    pub rules: Vec<String>,
    /// Why; never empty where it counts.
    pub reason: String,
    /// Where it stands.
    pub origin: Evidence,
    /// What it is for.
    pub covers: Covered,
    /// The last day on which it counts.
    pub until: Option<Date>,
}

/// What a suppression is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Covered {
    /// What is defined or stands at this line of its file.
    Line(u32),
    /// Every finding about this type, by dotted id or a tail of one.
    Symbol(String),
}
