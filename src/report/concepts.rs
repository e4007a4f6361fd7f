//! A concept as reported: members, election, protocols, usage, conflicts, conformance.

mod conflicts;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub use self::conflicts::{CellReport, ConflictReport, ConflictRow, SideReport};
use self::conflicts::{conflict_report, conflict_table};
use super::conformance::{PairReport, pair_report};
use super::types::{MroReport, mro_of};
use super::usage::{self, UsageReport};
use super::{Place, place};
use crate::analysis::Analysis;
use crate::analysis::concepts::{Concept, Member, Reason, Role};
use crate::analysis::signatures;
use crate::analysis::type_graph;
use crate::analysis::usage::UsageCounts;
use crate::link::members::methods_of;
use crate::link::{ClassId, Index};
use crate::source::FileRole;

/// A concept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConceptReport {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub summary: String,
    /// Id of the canonical implementation.
    pub canonical: Option<&'static str>,
    /// Names in the rule's `members` and `exclude` that no class of the tree bears.
    pub unknown_names: Vec<String>,
    /// How the canonical one was chosen.
    pub election: ElectionReport,
    /// Its members with their roles.
    pub members: Vec<MemberReport>,
    /// Modules whose functions do the concept's job.
    pub modules: Vec<ModuleMemberReport>,
    /// Other names of members.
    pub aliases: Vec<AliasReport>,
    /// Functions that give the canonical one.
    pub factories: Vec<FactoryReport>,
    /// Implementations against protocols.
    pub conformance: Vec<PairReport>,
    /// Method × implementation.
    pub conflict_table: Vec<ConflictRow>,
    /// Every conflict.
    pub conflicts: Vec<ConflictReport>,
    /// Uses of the members that are no test doubles.
    pub usage: Vec<UsageReport>,
    /// How the members depend on each other, and which modules use them.
    pub dependencies: DependencyReport,
}

/// How the canonical implementation was chosen.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ElectionReport {
    /// Whether a rule declared it.
    pub declared: bool,
    /// A declaration that names no member.
    pub unknown_declaration: Option<String>,
    /// The candidates' figures, best first.
    pub ballots: Vec<BallotReport>,
}

/// One candidate's figures.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BallotReport {
    /// The candidate.
    pub id: &'static str,
    /// References in production code.
    pub production_references: u32,
    /// References in tests.
    pub test_references: u32,
    /// Members that the protocols demand or production code calls, and it has.
    pub protocol_members: u32,
    /// Members that the protocols demand or production code calls.
    pub protocol_members_wanted: u32,
    /// Public methods of its own.
    pub public_methods: u32,
    /// Lines of its definition.
    pub lines: u32,
    /// Weighted sum in thousandths.
    pub score_permille: u32,
    /// The day on which its file was first committed; asked for where the election is close.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_committed: Option<String>,
}

/// A member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberReport {
    /// Dotted id.
    pub r#type: &'static str,
    /// Its role.
    pub role: &'static str,
    /// The evidence.
    pub reasons: Vec<ReasonReport>,
    /// Where it is defined.
    pub place: Place,
    /// Lines of its definition.
    pub lines: u32,
    /// Its order.
    pub mro: MroReport,
    /// Its own methods.
    pub methods: Vec<SignatureReport>,
    /// References by file role.
    pub references: BTreeMap<&'static str, u32>,
    /// Files with a reference, by file role.
    pub files: BTreeMap<&'static str, u32>,
    /// References by kind.
    pub kinds: BTreeMap<&'static str, u32>,
}

/// A module whose functions do what a member's methods do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModuleMemberReport {
    /// Dotted id.
    pub module: &'static str,
    /// Its role.
    pub role: &'static str,
    /// The evidence.
    pub reasons: Vec<ReasonReport>,
    /// Where it begins.
    pub place: Option<Place>,
}

/// A method on one line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SignatureReport {
    /// Its name.
    pub name: &'static str,
    /// Its signature.
    pub signature: String,
    /// Where.
    pub place: Place,
}

/// A piece of evidence.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReasonReport {
    /// In words.
    pub statement: String,
    /// Where it can be seen.
    pub place: Option<Place>,
}

/// Another name of a member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AliasReport {
    /// The name.
    pub name: &'static str,
    /// What it stands for.
    pub target: &'static str,
    /// Where.
    pub place: Place,
}

/// A function that gives the canonical implementation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FactoryReport {
    /// Its name.
    pub name: &'static str,
    /// Its signature.
    pub signature: String,
    /// Where it is defined.
    pub place: Place,
    /// Where it is used, its own definition aside.
    pub uses: Vec<Place>,
}

/// Dependencies around a concept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DependencyReport {
    /// Between members.
    pub between: Vec<DependencyEdge>,
    /// From other modules of the tree to members.
    pub users: Vec<UserReport>,
}

/// One member depends on another.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DependencyEdge {
    /// The one that depends.
    pub from: &'static str,
    /// The one it depends on.
    pub to: &'static str,
    /// `inherits` or `uses`.
    pub kind: &'static str,
    /// Where.
    pub place: Place,
}

/// A module that uses a member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UserReport {
    /// The module.
    pub module: &'static str,
    /// Role of its file.
    pub file_role: &'static str,
    /// The member.
    pub r#type: &'static str,
    /// References from code that runs on load.
    pub load: usize,
    /// References from functions.
    pub local: usize,
    /// References for type checkers only.
    pub typing: usize,
}

pub(super) fn all(index: &Index, analysis: &Analysis) -> Vec<ConceptReport> {
    analysis.concepts.iter().map(|concept| one(index, analysis, concept)).collect()
}

fn one(index: &Index, analysis: &Analysis, concept: &Concept) -> ConceptReport {
    let id = |class: ClassId| index.class(class).id.as_str();
    let reported: Vec<ClassId> = concept
        .members
        .iter()
        .filter(|member| member.role != Role::TestDouble)
        .map(|member| member.class)
        .collect();
    ConceptReport {
        id: concept.id.clone(),
        title: concept.title.clone(),
        summary: concept.summary.clone(),
        canonical: concept.canonical.map(id),
        unknown_names: concept.unknown_names.clone(),
        election: election(index, concept),
        members: concept.members.iter().filter_map(|member| member_report(index, member)).collect(),
        modules: concept
            .modules
            .iter()
            .map(|member| ModuleMemberReport {
                module: member.unit.id(index).as_str(),
                role: member.role.as_str(),
                reasons: member.reasons.iter().map(|reason| reason_report(index, reason)).collect(),
                place: member.unit.span(index).map(|(file, _)| place(index, file, 0)),
            })
            .collect(),
        aliases: concept
            .aliases
            .iter()
            .map(|alias| AliasReport {
                name: alias.name.as_str(),
                target: id(alias.class),
                place: place(index, alias.file, alias.at),
            })
            .collect(),
        factories: factories(index, concept),
        conformance: concept.conformance.iter().map(|pair| pair_report(index, pair)).collect(),
        conflict_table: conflict_table(index, concept),
        conflicts: concept.conflicts.iter().map(|conflict| conflict_report(index, conflict)).collect(),
        usage: reported.iter().map(|class| usage::build(index, &analysis.mentions, *class)).collect(),
        dependencies: dependencies(index, &reported),
    }
}

fn election(index: &Index, concept: &Concept) -> ElectionReport {
    let ballots = concept.election.ballots.iter().map(|ballot| BallotReport {
        id: index.class(ballot.class).id.as_str(),
        production_references: ballot.production_references,
        test_references: ballot.test_references,
        protocol_members: ballot.protocol_members,
        protocol_members_wanted: ballot.protocol_members_wanted,
        public_methods: ballot.public_methods,
        lines: ballot.lines,
        score_permille: (ballot.score * 1000.0).round() as u32,
        first_committed: ballot.first_committed.clone(),
    });
    ElectionReport {
        declared: concept.election.is_declared,
        unknown_declaration: concept.election.unknown_declaration.clone(),
        ballots: ballots.collect(),
    }
}

fn member_report(index: &Index, member: &Member) -> Option<MemberReport> {
    let (file, fact) = index.source_of(member.class)?;

    let methods = methods_of(index, member.class).iter().copied().map(|method| SignatureReport {
        name: index.function(method).name.as_str(),
        signature: signatures::render(index, method),
        place: place(index, method.file, index.function(method).name_at),
    });
    let by_role = |figures: &[u32; 6]| {
        let roles = FileRole::ALL.iter().zip(figures).filter(|(_, count)| **count > 0);
        roles.map(|(role, count)| (role.as_str(), *count)).collect()
    };
    let UsageCounts { by_role: references, files_by_role, by_kind } = &member.usage;
    Some(MemberReport {
        r#type: index.class(member.class).id.as_str(),
        role: member.role.as_str(),
        reasons: member.reasons.iter().map(|reason| reason_report(index, reason)).collect(),
        place: place(index, file, fact.name_at),
        lines: index.lines_of(member.class),
        mro: mro_of(index, &index.class(member.class).mro),
        methods: methods.collect(),
        references: by_role(references),
        files: by_role(files_by_role),
        kinds: by_kind.iter().map(|(kind, count)| (kind.as_str(), *count)).collect(),
    })
}

pub(super) fn reason_report(index: &Index, reason: &Reason) -> ReasonReport {
    ReasonReport {
        statement: reason.statement.clone(),
        place: reason.place.map(|(file, at)| place(index, file, at)),
    }
}

fn factories(index: &Index, concept: &Concept) -> Vec<FactoryReport> {
    let factories = concept.factories.iter().map(|factory| {
        let fact = index.function(factory.function);
        FactoryReport {
            name: fact.name.as_str(),
            signature: signatures::render(index, factory.function),
            place: place(index, factory.function.file, fact.name_at),
            uses: factory.uses.iter().map(|(file, at)| place(index, *file, *at)).collect(),
        }
    });
    factories.collect()
}

fn dependencies(index: &Index, classes: &[ClassId]) -> DependencyReport {
    let id = |class: ClassId| index.class(class).id.as_str();
    let mut between: Vec<DependencyEdge> = Vec::new();
    for edge in type_graph::type_graph(index, classes) {
        let kind = edge.kind.as_str();
        let is_known =
            between.iter().any(|e| e.from == id(edge.from) && e.to == id(edge.to) && e.kind == kind);
        if !is_known {
            between.push(DependencyEdge {
                from: id(edge.from),
                to: id(edge.to),
                kind,
                place: place(index, edge.file, edge.at),
            });
        }
    }
    let users = type_graph::users_of(index, classes).into_iter().filter_map(|user| {
        let module = index.modules.get(user.module);
        let file = module.file?;
        let is_home = classes.iter().any(|class| {
            *class == user.class && index.source_of(*class).is_some_and(|(home, _)| home == file)
        });
        (!is_home).then(|| UserReport {
            module: module.name.as_str(),
            file_role: index.file(file).role.as_str(),
            r#type: id(user.class),
            load: user.load,
            local: user.local,
            typing: user.typing,
        })
    });
    let mut users: Vec<UserReport> = users.collect();
    users.sort_by_key(|user| (user.r#type, user.module));
    DependencyReport { between, users }
}
