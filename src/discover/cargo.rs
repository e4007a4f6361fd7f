//! `Cargo.toml` files → what each package compiles.
//!
//! Manifests are read, `cargo metadata` is not run: a tree that is only looked at must not decide which tool
//! chain or wrapper is started (`rust-toolchain.toml`, `.cargo/config.toml`), and the answer must not depend on
//! the machine. A check compares the two on real packages.

use std::path::{Path, PathBuf};

use cargo_toml::{Dependency, Manifest, Product};

use super::{Skipped, display_path};
use crate::source::{CrateKind, CrateTarget};

/// The targets of all packages, libraries first, and manifests that could not be read.
pub(super) fn targets(root: &Path, manifests: &[PathBuf]) -> (Vec<CrateTarget>, Vec<Skipped>) {
    let mut targets = Vec::new();
    let mut skipped = Vec::new();
    let above =
        (!manifests.iter().any(|path| path.parent() == Some(root))).then(|| manifest_above(root)).flatten();
    for path in manifests.iter().chain(&above) {
        match Manifest::from_path(path) {
            Ok(manifest) => targets.extend(targets_of(root, path, &manifest)),
            Err(error) => skipped.push(Skipped {
                path: display_path(path.strip_prefix(root).unwrap_or(path)),
                reason: format!("no targets could be read from it: {error}"),
            }),
        }
    }
    targets.sort_by(|a, b| (a.kind, &a.package, &a.root).cmp(&(b.kind, &b.package, &b.root)));
    (targets, skipped)
}

/// The manifest of the package that the root of the scan lies in.
fn manifest_above(root: &Path) -> Option<PathBuf> {
    root.ancestors().skip(1).map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file())
}

fn targets_of(root: &Path, path: &Path, manifest: &Manifest) -> Vec<CrateTarget> {
    let (Some(package), Some(folder)) = (&manifest.package, path.parent()) else { return Vec::new() };
    let mut renamed: Vec<(String, String)> = dependencies_of(manifest)
        .filter_map(|(alias, dependency)| {
            let name = dependency.package()?;
            (name != alias).then(|| (crate_name(alias), crate_name(name)))
        })
        .collect();
    renamed.sort();
    renamed.dedup();
    let is_2015 = package.edition.get().is_ok_and(|edition| *edition == cargo_toml::Edition::E2015);
    let shown = folder.strip_prefix(root).map(display_path).unwrap_or_default();
    let target = |kind: CrateKind, name: &str, file: &str| {
        // A file above the root of the scan is not among its sources.
        let root = display_path(folder.join(file).strip_prefix(root).ok()?);
        Some(CrateTarget {
            name: crate_name(name),
            kind,
            root,
            renamed: renamed.clone(),
            package: shown.clone(),
            is_2015,
        })
    };
    let of_product = |kind: CrateKind, product: &Product| {
        target(kind, product.name.as_deref().unwrap_or(&package.name), product.path.as_deref()?)
    };
    let mut found: Vec<Option<CrateTarget>> = Vec::new();
    found.extend(manifest.lib.iter().map(|product| of_product(CrateKind::Library, product)));
    found.extend(manifest.bin.iter().map(|product| of_product(CrateKind::Binary, product)));
    found.extend(manifest.test.iter().map(|product| of_product(CrateKind::Test, product)));
    found.extend(manifest.example.iter().map(|product| of_product(CrateKind::Example, product)));
    found.extend(manifest.bench.iter().map(|product| of_product(CrateKind::Bench, product)));
    let build = package.build.as_ref().and_then(|build| build.as_path());
    let build = build.and_then(Path::to_str);
    found.extend(build.map(|file| target(CrateKind::BuildScript, "build_script_build", file)));
    found.into_iter().flatten().collect()
}

fn dependencies_of(manifest: &Manifest) -> impl Iterator<Item = (&str, &Dependency)> {
    let own = [&manifest.dependencies, &manifest.dev_dependencies, &manifest.build_dependencies];
    let of_targets = manifest
        .target
        .values()
        .flat_map(|target| [&target.dependencies, &target.dev_dependencies, &target.build_dependencies]);
    own.into_iter().chain(of_targets).flatten().map(|(alias, dependency)| (alias.as_str(), dependency))
}

/// The name that code says: `hub-core` is `hub_core`.
fn crate_name(name: &str) -> String {
    name.replace('-', "_")
}
