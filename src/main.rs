//! wip
use ssot::source::*; use ssot::tree::*; use ssot::link::*;
#[global_allocator]
static A: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() {
    rayon::ThreadPoolBuilder::new().stack_size(ssot::lang::python::STACK_BYTES).build_global().unwrap();
    #[derive(serde::Deserialize)] struct R { role: Vec<RoleRule> }
    let r: R = toml::from_str(include_str!("../rules/roles.toml")).unwrap();
    let roles = RoleTable::new(&r.role).unwrap();
    let a: Vec<String> = std::env::args().skip(1).collect();
    let env = a.get(1).map_or(EnvironmentChoice::None, |p| EnvironmentChoice::At(p.into()));
    let t = read(&ReadOptions { paths: vec![a[0].clone().into()], respects_ignore: true, roles: &roles, environment: env, python_minor: None, platform: Default::default() }).unwrap();
    eprintln!("{:?} files {} bytes {} refs {} mrefs {}", t.times, t.index.files.len(), t.bytes, t.index.references.class_count(), t.index.references.methods().len());
    let mut types = vec![];
    for c in t.index.tree_classes() {
        let k = t.index.class(c);
        let (p, pos) = t.index.place_of(c).unwrap();
        let e: Vec<&str> = k.mro.entries.iter().map(|e| t.index.entry_name(*e).as_str()).collect();
        types.push(serde_json::json!({"id": k.id.as_str(), "path": p, "line": pos.line, "end_line": pos.line, "mro": {"entries": e, "complete": k.mro.is_complete(), "unknown": k.mro.unknown.join("; "), "error": k.mro.error.as_ref().map(|e| e.to_string())}}));
    }
    if a.len() < 3 { println!("{}", serde_json::json!({"types": types})); }
    let _: Option<Resolution> = None;
}
