//! Words of names, reduced to what they mean: `register_connection` and `connect_user` do one job.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::Name;
use crate::facts::actions::ActionKind;

/// Groups of words that mean the same.
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    verbs: FxHashMap<String, String>,
    objects: FxHashMap<String, String>,
    /// Dotted outside names → the name of their group.
    interfaces: FxHashMap<Name, Name>,
    /// The same by module and the name in it.
    parts: FxHashMap<(Name, Name), Name>,
    /// Groups of outside names that say what their users are about.
    essential: FxHashSet<Name>,
    /// Groups that jobs of every kind use.
    means: FxHashSet<Name>,
    /// Methods of stores that lie elsewhere → what they do to what is kept there.
    storage: FxHashMap<Name, ActionKind>,
    /// Method → the group of interfaces that alone has it.
    spoken: FxHashMap<Name, Name>,
}

/// What a method does to what a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// Puts something in.
    Insert,
    /// Looks something up.
    Lookup,
    /// Takes something out.
    Remove,
    /// Goes over several things.
    Iterate,
    /// Makes something last longer.
    Renew,
}

impl Storing {
    /// What code that keeps its things in memory would do instead.
    fn kind(self) -> ActionKind {
        match self {
            Self::Insert => ActionKind::Insert,
            Self::Lookup => ActionKind::Lookup,
            Self::Remove => ActionKind::Remove,
            Self::Iterate => ActionKind::Iterate,
            // As an attribute of something kept is set anew.
            Self::Renew => ActionKind::Assign,
        }
    }
}

/// What a method's name says that it does, and to what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// Name of the verb's group, or the verb itself.
    pub verb: String,
    /// Names of the objects' groups.
    pub objects: BTreeSet<String>,
}

impl Lexicon {
    /// Builds a lexicon from groups; the first word of each names it.
    #[must_use]
    pub fn new<'g>(
        verbs: impl IntoIterator<Item = &'g Vec<String>>,
        objects: impl IntoIterator<Item = &'g Vec<String>>,
    ) -> Self {
        Self { verbs: by_word(verbs), objects: by_word(objects), ..Self::default() }
    }

    /// Adds groups of outside names that stand for one thing, each under the group's name.
    #[must_use]
    pub fn with_interfaces<'g>(
        mut self,
        groups: impl IntoIterator<Item = (&'g str, &'g [String], bool)>,
    ) -> Self {
        for (group, names, is_essential) in groups {
            if is_essential {
                self.essential.insert(Name::new(group));
            }
            for name in names {
                let group = *self.interfaces.entry(Name::new(name)).or_insert_with(|| Name::new(group));
                if let Some((module, part)) = name.rsplit_once('.') {
                    self.parts.insert((Name::new(module), Name::new(part)), group);
                }
            }
        }
        self
    }

    /// Says which groups are means of a job: how things are kept or guarded, not what for.
    #[must_use]
    pub fn with_means<'g>(mut self, groups: impl IntoIterator<Item = &'g str>) -> Self {
        self.means.extend(groups.into_iter().map(Name::new));
        self
    }

    /// Whether a group is a means of jobs of every kind.
    #[must_use]
    pub fn is_means(&self, group: Name) -> bool {
        self.means.contains(&group)
    }

    /// Adds methods that only one group's things have: who calls `send_json` talks to a web-socket, whatever it says that it is.
    #[must_use]
    pub fn with_spoken<'g>(mut self, groups: impl IntoIterator<Item = (&'g str, &'g [String])>) -> Self {
        for (group, methods) in groups {
            for method in methods {
                self.spoken.entry(Name::new(method)).or_insert_with(|| Name::new(group));
            }
        }
        self
    }

    /// The group whose things have this method, where no others do.
    #[must_use]
    pub fn spoken(&self, method: Name) -> Option<Name> {
        self.spoken.get(&method).copied()
    }

    /// Whether what works with this group is about it.
    #[must_use]
    pub fn is_essential(&self, group: Name) -> bool {
        self.essential.contains(&group)
    }

    /// Adds methods of stores: `setex` puts in what `x[key] = value` puts into a dictionary.
    #[must_use]
    pub fn with_storage<'g>(mut self, groups: impl IntoIterator<Item = (Storing, &'g [String])>) -> Self {
        for (does, methods) in groups {
            for method in methods {
                self.storage.entry(Name::new(method)).or_insert(does.kind());
            }
        }
        self
    }

    /// What a method does to what is kept in a store, where it is one of a store's.
    #[must_use]
    pub fn storage(&self, method: Name) -> Option<ActionKind> {
        self.storage.get(&method).copied()
    }

    /// The group of `module.name`, or of the whole module.
    #[must_use]
    pub fn interface(&self, module: Name, name: Option<Name>) -> Option<Name> {
        let whole = self.interfaces.get(&module).copied();
        let part = name.and_then(|name| self.parts.get(&(module, name)).copied());
        part.or(whole)
    }

    /// What a method of an interface does: the verb's group where the lexicon knows its first word,
    /// else the name itself.
    #[must_use]
    pub fn interface_verb(&self, method: Name) -> Name {
        let text = method.as_str().trim_start_matches('_');
        let first = text.split('_').next().unwrap_or(text);
        self.verbs.get(first).map_or(method, |group| Name::new(group))
    }

    /// What the name of a method says. Names without a word give none.
    #[must_use]
    pub fn deed(&self, name: &str) -> Option<Deed> {
        let words = words_of(name);
        let (first, rest) = words.split_first()?;
        let verb = self.verbs.get(first).cloned().unwrap_or_else(|| first.clone());
        let fillers = ["to", "by", "for", "of", "from", "in", "the", "a", "async", "safely"];
        let objects = rest
            .iter()
            .filter(|word| !fillers.contains(&word.as_str()))
            .map(|word| self.object(word).to_owned())
            .collect();
        Some(Deed { verb, objects })
    }

    /// The group of an object word, singular.
    #[must_use]
    pub fn object<'w>(&'w self, word: &'w str) -> &'w str {
        let singular = word.strip_suffix('s').filter(|stem| stem.len() > 2 && !stem.ends_with('s'));
        let found = self.objects.get(word).or_else(|| self.objects.get(singular?));
        found.map_or(singular.unwrap_or(word), String::as_str)
    }
}

impl Deed {
    /// Whether two deeds are the same job: one verb, and an object in common unless one names none.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.verb == other.verb
            && (self.objects == other.objects || self.objects.intersection(&other.objects).next().is_some())
    }
}

fn by_word<'g>(groups: impl IntoIterator<Item = &'g Vec<String>>) -> FxHashMap<String, String> {
    let mut found = FxHashMap::default();
    for group in groups {
        let Some(head) = group.first() else { continue };
        for word in group {
            found.entry(word.clone()).or_insert_with(|| head.clone());
        }
    }
    found
}

/// The lower-case words of an identifier: `WebSocketManager` and `web_socket_manager` alike.
#[must_use]
pub fn words_of(name: &str) -> Vec<String> {
    let lower = |word: &str| match word.is_ascii() {
        true => word.to_ascii_lowercase(),
        false => word.chars().flat_map(char::to_lowercase).collect(),
    };
    written_words(name).into_iter().map(lower).collect()
}

/// The words of an identifier as they are written: `WebSocketManager` has `Web`, `Socket`, `Manager`.
#[must_use]
pub fn written_words(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut start = None;
    let mut previous: Option<char> = None;
    let mut characters = name.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let starts_word = c.is_uppercase()
            && (previous.is_some_and(|p| p.is_lowercase() || p.is_ascii_digit())
                || previous.is_some_and(char::is_uppercase) && next.is_some_and(char::is_lowercase));
        if starts_word || !c.is_alphanumeric() {
            words.extend(start.take().map(|start: usize| &name[start..at]));
        }
        if c.is_alphanumeric() && start.is_none() {
            start = Some(at);
        }
        previous = Some(c);
    }
    words.extend(start.map(|start| &name[start..]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words_whatever_their_style() {
        assert_eq!(words_of("HTTPServerV2"), ["http", "server", "v2"]);
        assert_eq!(words_of("_send_to_user"), ["send", "to", "user"]);
        assert_eq!(written_words("WebSocketHTTPManager"), ["Web", "Socket", "HTTP", "Manager"]);
        assert_eq!(written_words("hub"), ["hub"]);
        assert_eq!(written_words(""), Vec::<&str>::new());
    }

    #[test]
    fn other_words_for_one_job_match() {
        let group = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let verbs = [group(&["connect", "register", "attach"]), group(&["send", "push"])];
        let objects = [group(&["connection", "user"])];
        let lexicon = Lexicon::new(&verbs, &objects);
        let deed = |name: &str| lexicon.deed(name).expect(name);
        assert!(deed("connect_user").matches(&deed("register_connection")));
        assert!(deed("send_to_user").matches(&deed("push_to_users")));
        assert!(!deed("send_to_user").matches(&deed("connect_user")));
        assert!(!deed("send_to_user").matches(&deed("send_report")));
    }
}
