//! Modules of an environment, read for the linker when it asks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::scan::{facts_of, key_of};
use crate::cache::{Cache, Key};
use crate::discover::environment::{Environment, Located};
use crate::facts::{FileFacts, Name};
use crate::lang::Target;
use crate::link::{Outside, OutsideModule};
use crate::source::Language;
use crate::text::decode_python;

/// What the environment answered, by module: an answer that was worked out from it holds as long as the environment answers
/// the same.
pub type Witness = BTreeMap<String, [u8; 32]>;

/// Reads modules of an environment for the linker.
pub(super) struct Reader<'a> {
    pub(super) environment: &'a Environment,
    pub(super) target: Target,
    pub(super) cache: &'a Cache,
    pub(super) witness: Mutex<Witness>,
}

impl Outside for Reader<'_> {
    fn load(&self, name: Name) -> Option<OutsideModule> {
        let located = self.environment.locate(name.as_str());
        let (path, language, is_package) = match located {
            Located::Source(ref path, is_package) => (path, Language::Python, is_package),
            Located::Stub(ref path, is_package) => (path, Language::PythonStub, is_package),
            Located::Compiled(_) => {
                return Some(self.without_source(name, &located, OutsideModule::Compiled));
            }
            Located::Namespace => return Some(self.without_source(name, &located, OutsideModule::Namespace)),
            Located::Missing => return Some(self.without_source(name, &located, OutsideModule::Missing)),
        };
        let bytes = std::fs::read(path).unwrap_or_default();
        if self.cache.is_on() {
            self.note(name, answer(&located, &bytes));
        }
        let facts = self.read(&bytes, language);
        let display = path.display().to_string();
        Some(OutsideModule::File { display, language, is_package, facts })
    }
}

impl Reader<'_> {
    /// A file that cannot be read says nothing; its module exists all the same.
    fn read(&self, bytes: &[u8], language: Language) -> Arc<FileFacts> {
        match decode_python(bytes) {
            Ok(text) => {
                let key = key_of(bytes, language, self.target, self.cache);
                facts_of(&text, key, language, self.target, self.cache).facts
            }
            Err(_) => FileFacts::unread(Vec::new()).into(),
        }
    }

    fn without_source(&self, name: Name, located: &Located, module: OutsideModule) -> OutsideModule {
        if self.cache.is_on() {
            self.note(name, answer(located, &[]));
        }
        module
    }

    fn note(&self, name: Name, answer: [u8; 32]) {
        let mut witness = self.witness.lock().unwrap_or_else(PoisonError::into_inner);
        witness.insert(name.as_str().to_owned(), answer);
    }
}

/// Whether an environment still answers what it answered.
pub(super) fn holds(witness: &Witness, environment: Option<&Environment>) -> bool {
    witness.iter().all(|(name, before)| {
        environment.is_some_and(|environment| {
            let located = environment.locate(name);
            let bytes = match &located {
                Located::Source(path, _) | Located::Stub(path, _) => std::fs::read(path).unwrap_or_default(),
                Located::Compiled(_) | Located::Namespace | Located::Missing => Vec::new(),
            };
            answer(&located, &bytes) == *before
        })
    })
}

/// A digest of where a module lies and what stands there.
fn answer(located: &Located, bytes: &[u8]) -> [u8; 32] {
    let shown = |path: &Path| path.display().to_string();
    let (kind, path) = match located {
        Located::Source(path, is_package) => (if *is_package { "package" } else { "source" }, shown(path)),
        Located::Stub(path, is_package) => (if *is_package { "stub package" } else { "stub" }, shown(path)),
        Located::Compiled(_) => ("compiled", String::new()),
        Located::Namespace => ("namespace", String::new()),
        Located::Missing => ("missing", String::new()),
    };
    Key::of(kind, [path.as_bytes(), bytes]).0
}
