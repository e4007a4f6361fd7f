//! What a class of Python looks like and what it does, member by member. Analysis and cases know nothing of each other.

use std::collections::BTreeMap;

use super::candidates::Candidates;
use crate::analysis::protocols::conforms;
use crate::cli::inputs::Rooted;
use crate::cli::naming::resolve_type;
use crate::report::trial::{MemberReport, TrialReport, Verdict};

/// The protocol as a class of Python.
const PROTOCOL: &str = include_str!("../../../rules/protocols/unified_websocket_manager.pyi");
const PROTOCOL_NAME: &str = "UnifiedWebSocketManager";

/// How a candidate declares a member.
pub(super) struct Signature {
    candidate: String,
    member: String,
    verdict: &'static str,
    reasons: Vec<String>,
}

/// How the classes of Python among the candidates declare the protocol's members, as far as they are found. A class that is not
/// found may be made at run time: that is no error.
pub(super) fn signatures_of(candidates: &Candidates) -> Vec<Signature> {
    if candidates.python.is_empty() {
        return Vec::new();
    }
    let Ok(folder) = tempfile::Builder::new().prefix("ssot-protocol-").tempdir() else { return Vec::new() };
    let is_written = std::fs::write(folder.path().join("ssot_target_protocol.py"), PROTOCOL).is_ok();
    let roots = vec![candidates.root.clone(), folder.path().to_path_buf()];
    let Some(loaded) =
        Rooted::at(roots, candidates.interpreter.clone()).load(true).ok().filter(|_| is_written)
    else {
        return Vec::new();
    };
    loaded.progress.finish();
    let index = &loaded.tree.index;
    let Ok(protocol) = resolve_type(&loaded, &format!("ssot_target_protocol.{PROTOCOL_NAME}")) else {
        return Vec::new();
    };
    let mut signatures = Vec::new();
    for target in &candidates.python {
        let Ok(class) = resolve_type(&loaded, &class_name(target)) else { continue };
        let conformance = conforms(index, class, protocol);
        signatures.extend(conformance.members.iter().map(|member| {
            Signature {
                candidate: target.clone(),
                member: member.name.as_str().to_owned(),
                verdict: member.verdict.as_str(),
                reasons: member
                    .reasons
                    .iter()
                    .map(|reason| {
                        format!(
                            "{}: expected `{}`, found `{}`",
                            reason.kind.as_str(),
                            reason.expected,
                            reason.found
                        )
                    })
                    .collect(),
            }
        }));
    }
    signatures
}

/// `pkg.mod:Class` and `path/to/mod.py:Class` as the tail of a dotted id.
fn class_name(target: &str) -> String {
    let (module, class) = target.rsplit_once(':').unwrap_or(("", target));
    let module = module.strip_suffix(".py").map_or(module, |path| path.rsplit('/').next().unwrap_or(path));
    format!("{module}.{class}")
}

/// Both in one: it conforms where the signature and every case do.
pub(super) fn join(signatures: &[Signature], report: &TrialReport) -> Vec<MemberReport> {
    signatures.iter().map(|signature| member(signature, report)).collect()
}

fn member(signature: &Signature, report: &TrialReport) -> MemberReport {
    let at = report.candidates.iter().position(|candidate| candidate.candidate == signature.candidate);
    let mut cases: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for case in report.cases.iter().filter(|case| case.of.members.contains(&signature.member.as_str())) {
        let Some(verdict) = at.and_then(|at| case.verdicts.get(at)) else { continue };
        *cases.entry(verdict.verdict.as_str()).or_default() += 1;
        // A driver that broke says nothing of the class.
        if verdict.verdict == Verdict::Fail {
            failed.push(case.of.id);
        }
    }
    let is_tried = cases.contains_key(Verdict::Pass.as_str());
    let verdict = match (signature.verdict, failed.is_empty(), is_tried) {
        ("violates", _, _) | (_, false, _) => "violates",
        ("conforms", true, true) => "conforms",
        (_, true, _) => "cannot-tell",
    };
    MemberReport {
        candidate: signature.candidate.clone(),
        member: signature.member.clone(),
        signature: signature.verdict.to_owned(),
        reasons: signature.reasons.clone(),
        cases,
        failed,
        verdict,
    }
}
