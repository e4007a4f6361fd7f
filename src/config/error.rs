//! A configuration that cannot be used, shown at its place.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A configuration that cannot be used, with the place in its file.
#[derive(Debug)]
pub struct ConfigError {
    pub(super) message: String,
    pub(super) help: String,
    pub(super) excerpt: Option<Box<Excerpt>>,
}

/// The file and the place that an error is about.
#[derive(Debug)]
pub(super) struct Excerpt {
    file: NamedSource<String>,
    pub(super) span: Option<std::ops::Range<usize>>,
}

impl Excerpt {
    pub(super) fn new(name: &str, text: &str, span: Option<std::ops::Range<usize>>) -> Option<Box<Self>> {
        Some(Box::new(Self { file: NamedSource::new(name, text.to_owned()), span }))
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| &excerpt.file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.excerpt.as_ref()?.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::at(span, "here"))))
    }
}
