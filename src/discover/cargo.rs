//! `Cargo.toml` files → what each package compiles.
//!
//! Manifests are read, `cargo metadata` is not run: a tree that is only looked at must not decide which tool
//! chain or wrapper is started (`rust-toolchain.toml`, `.cargo/config.toml`), and the answer must not depend on
//! the machine. A check compares the two on real packages.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cargo_toml::{AbstractFilesystem, Dependency, Manifest, Product};

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

/// The targets of the packages in a folder of a tree that is only a list of files, sorted by path; `read` gives the bytes of
/// one of them. `prefix` is the folder: empty, or with a `/` at its end. A manifest that cannot be read has none.
pub fn listed_targets(
    paths: &[&str],
    prefix: &str,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Vec<CrateTarget> {
    let top = Path::new("/");
    let root = top.join(prefix);
    let manifest_in = |folder: &Path| display_path(&folder.join("Cargo.toml"));
    let is_manifest = |path: &&&str| **path == "Cargo.toml" || path.ends_with("/Cargo.toml");
    let inside = paths.iter().filter(is_manifest).filter(|path| path.starts_with(prefix)).copied();
    let mut manifests: Vec<&str> = inside.collect();
    if !manifests.contains(&manifest_in(Path::new(prefix)).as_str()) {
        let above = Path::new(prefix).ancestors().skip(1).map(manifest_in);
        let above = above.filter_map(|path| paths.iter().find(|known| **known == path)).next();
        manifests.extend(above);
    }
    let mut targets: Vec<CrateTarget> = manifests
        .into_iter()
        .filter_map(|path| {
            let folder = path.strip_suffix("Cargo.toml").unwrap_or_default().trim_end_matches('/');
            let mut manifest = Manifest::from_slice(&read(path)?).ok()?;
            let listing = Listing { folder, paths, read };
            manifest.complete_from_abstract_filesystem::<cargo_toml::Value, _>(&listing, None).ok()?;
            Some(targets_of(&root, &top.join(path), &manifest))
        })
        .flatten()
        .collect();
    targets.sort_by(|a, b| (a.kind, &a.package, &a.root).cmp(&(b.kind, &b.package, &b.root)));
    targets
}

/// A folder of a list of files.
struct Listing<'a> {
    folder: &'a str,
    paths: &'a [&'a str],
    read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

impl AbstractFilesystem for Listing<'_> {
    fn file_names_in(&self, relative: &str) -> std::io::Result<HashSet<Box<str>>> {
        let parts = [self.folder, relative.trim_end_matches('/')];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty() && *part != ".").collect();
        let prefix = if parts.is_empty() { String::new() } else { format!("{}/", parts.join("/")) };
        let start = self.paths.partition_point(|path| *path < prefix.as_str());
        let below = self.paths[start..].iter().map_while(|path| path.strip_prefix(prefix.as_str()));
        let names: HashSet<Box<str>> =
            below.map(|rest| rest.split('/').next().unwrap_or(rest).into()).collect();
        if names.is_empty() { Err(std::io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn parse_root_workspace(
        &self,
        hint: Option<&Path>,
    ) -> Result<(Manifest<cargo_toml::Value>, PathBuf), cargo_toml::Error> {
        let own = Path::new(self.folder);
        let named = hint.map(|hint| own.join(hint));
        let above = own.ancestors().map(Path::to_path_buf);
        let folders: Vec<PathBuf> = if let Some(named) = named { vec![named] } else { above.collect() };
        let found = folders.into_iter().find_map(|folder| {
            let manifest =
                Manifest::from_slice(&(self.read)(&display_path(&folder.join("Cargo.toml")))?).ok()?;
            manifest.workspace.is_some().then_some((manifest, folder))
        });
        found.ok_or(cargo_toml::Error::Other("no workspace manifest"))
    }
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
