//! Rust's containers: `Arc<Mutex<Option<T>>>` → which methods lead to the `T` in it.
//!
//! Code that compiles says much: a method that no container defines is one of what is held. So a table of the
//! containers' own method names decides, layer by layer; only then is the type in the tree asked.

use super::{Entity, Resolver};
use crate::facts::{Holder, Name};
use crate::link::ClassId;

/// Containers around a type, the outermost on top: four bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layers(u32);

const OPTIONAL: u32 = 1;
const LOCKED: u32 = 2;
const MANY: u32 = 3;
/// What a lock or a look-up gave: perhaps in a `Result` or an `Option` still, perhaps not.
const OPENED: u32 = 4;
/// A method that gives what is held, before it is called.
const READY: u32 = 5;
/// A pointer to it: `Arc<T>`.
const POINTER: u32 = 6;
const BITS: u32 = 4;

impl Layers {
    pub(super) fn of(holder: Holder) -> Self {
        Self(0).within(holder)
    }

    /// One more layer around; beyond eight the innermost ones are forgotten.
    pub(super) fn within(self, holder: Holder) -> Self {
        self.push(match holder {
            Holder::Optional => OPTIONAL,
            Holder::Locked => LOCKED,
            Holder::Many => MANY,
            Holder::Pointer => POINTER,
        })
    }

    fn push(self, layer: u32) -> Self {
        Self(self.0 << BITS | layer)
    }

    fn top(self) -> u32 {
        self.0 & 0xf
    }

    fn rest(self) -> Self {
        Self(self.0 >> BITS)
    }

    fn around(self, class: ClassId) -> Entity {
        if self.0 == 0 { Entity::Instance(class) } else { Entity::Held(class, self) }
    }

    /// What a call gives, of a method that [`Resolver::held_attribute`] found.
    pub(super) fn called(self, class: ClassId) -> Entity {
        if self.top() == READY { self.rest().around(class) } else { Entity::Held(class, self) }
    }

    /// One of many; what stands around stays for what is no collection.
    pub(super) fn item(self, class: ClassId) -> Entity {
        match self.top() {
            OPENED if self.rest().top() == MANY => self.rest().rest().around(class),
            MANY | OPTIONAL => self.rest().around(class),
            POINTER => self.rest().item(class),
            _ => Entity::Held(class, self),
        }
    }
}

/// What a method of a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Gives a container of the same.
    Keeps,
    /// Gives what is held.
    Opens,
    /// Gives what is held, perhaps wrapped once more.
    Half,
    /// Gives something else.
    Leaves,
}

fn effect(layer: u32, name: &str) -> Option<Effect> {
    use Effect::{Half, Keeps, Leaves, Opens};
    Some(match layer {
        OPTIONAL => match name {
            "unwrap" | "expect" | "unwrap_or" | "unwrap_or_else" | "unwrap_or_default" | "?"
            | "get_or_insert" | "get_or_insert_with" | "insert" | "get_or_init" | "unwrap_unchecked" => Opens,
            "as_ref" | "as_mut" | "as_deref" | "as_deref_mut" | "take" | "replace" | "cloned" | "copied"
            | "clone" | "ok" | "ok_or" | "ok_or_else" | "or" | "or_else" | "filter" | "map_err"
            | "inspect" | "get" | "iter" | "context" | "with_context" | "inspect_err" => Keeps,
            "map" | "map_or" | "map_or_else" | "and_then" | "and" | "is_some" | "is_none" | "is_ok"
            | "is_err" | "is_some_and" | "is_ok_and" | "is_none_or" | "err" | "unwrap_err" | "expect_err"
            | "zip" | "xor" | "set" | "transpose" | "flatten" => Leaves,
            _ => return None,
        },
        LOCKED => match name {
            "lock" | "read" | "write" | "borrow" | "borrow_mut" | "try_lock" | "try_read" | "try_write"
            | "blocking_lock" | "blocking_read" | "blocking_write" | "get_mut" | "into_inner" | "upgrade"
            | "get" | "load" | "load_full" | "replace" | "take" | "lock_owned" | "read_owned"
            | "write_owned" | "try_borrow" | "try_borrow_mut" => Half,
            "clone" => Keeps,
            "set" | "store" | "swap" | "is_poisoned" | "clear_poison" | "downgrade" => Leaves,
            _ => return None,
        },
        MANY => match name {
            "get" | "get_mut" | "first" | "first_mut" | "last" | "last_mut" | "pop" | "pop_front"
            | "pop_back" | "front" | "front_mut" | "back" | "back_mut" | "next" | "next_back" | "nth"
            | "find" | "remove" | "swap_remove" | "peek" | "entry" | "or_insert" | "or_insert_with"
            | "or_default" | "min_by_key" | "max_by_key" | "recv" | "insert" | "value" | "value_mut"
            | "get_or_insert_with" => Half,
            "iter" | "iter_mut" | "into_iter" | "values" | "values_mut" | "into_values" | "drain"
            | "clone" | "cloned" | "copied" | "filter" | "rev" | "skip" | "take" | "step_by" | "chain"
            | "peekable" | "by_ref" | "collect" | "as_slice" | "as_mut_slice" | "to_vec" | "chunks"
            | "skip_while" | "take_while" | "inspect" | "cycle" | "fuse" => Keeps,
            "len"
            | "is_empty"
            | "contains"
            | "contains_key"
            | "push"
            | "push_back"
            | "push_front"
            | "extend"
            | "append"
            | "clear"
            | "retain"
            | "retain_mut"
            | "keys"
            | "into_keys"
            | "map"
            | "flat_map"
            | "filter_map"
            | "find_map"
            | "for_each"
            | "try_for_each"
            | "fold"
            | "any"
            | "all"
            | "count"
            | "sum"
            | "product"
            | "enumerate"
            | "zip"
            | "position"
            | "sort"
            | "sort_by"
            | "sort_by_key"
            | "sort_unstable"
            | "sort_unstable_by"
            | "sort_unstable_by_key"
            | "dedup"
            | "truncate"
            | "reserve"
            | "with_capacity"
            | "capacity"
            | "split_off"
            | "join"
            | "concat"
            | "binary_search"
            | "partition"
            | "min"
            | "max"
            | "unzip"
            | "windows"
            | "swap"
            | "resize"
            | "shrink_to_fit"
            | "remove_entry"
            | "get_key_value"
            | "union"
            | "intersection"
            | "difference"
            | "reduce"
            | "scan"
            | "map_while" => Leaves,
            _ => return None,
        },
        OPENED => match name {
            "unwrap" | "expect" | "?" | "as_ref" | "as_mut" | "cloned" | "copied" | "unwrap_or_else"
            | "unwrap_or" | "ok" | "ok_or" | "ok_or_else" | "as_deref" | "as_deref_mut"
            | "or_insert_with" | "or_insert" | "or_default" | "map_err" | "context" | "with_context" => Keeps,
            "is_some" | "is_none" | "is_ok" | "is_err" | "is_some_and" | "map" | "and_then" | "map_or"
            | "map_or_else" => Leaves,
            _ => return None,
        },
        POINTER => match name {
            "clone" | "as_ref" | "as_mut" | "deref" | "deref_mut" | "borrow" | "into_inner" => Keeps,
            "downgrade" | "ptr_eq" => Leaves,
            _ => return None,
        },
        _ => return None,
    })
}

impl Resolver<'_> {
    /// `container.name`.
    pub(super) fn held_attribute(&self, class: ClassId, layers: Layers, name: Name, hops: u32) -> Entity {
        let mut layers = layers;
        while layers.0 != 0 {
            match effect(layers.top(), name.as_str()) {
                Some(Effect::Keeps) => return Entity::Held(class, layers),
                // `?` is no method: nothing is called.
                Some(Effect::Opens) if name.as_str() == "?" => return layers.rest().around(class),
                Some(Effect::Opens) => return Entity::Held(class, layers.rest().push(READY)),
                Some(Effect::Half) => return Entity::Held(class, layers.rest().push(OPENED)),
                Some(Effect::Leaves) => return Entity::Value,
                // Not a method of this layer: what it holds is meant.
                None => layers = layers.rest(),
            }
        }
        self.instance_attribute(class, name, hops)
    }
}

#[cfg(test)]
mod tests {
    use crate::link::testing::{class_named, link_sources};

    /// Lines that call `good` of a `T`, in a program of one function a line.
    #[track_caller]
    fn check(functions: &[&str], expected: &[bool]) {
        let head = "pub struct T; impl T { pub fn good(&self) {} pub fn make() -> Option<T> { None } }\n\
                    impl Clone for T { fn clone(&self) -> T { T } }\n\
                    pub struct S { v: Vec<T>, o: Option<T>, m: Arc<Mutex<HashMap<u8, T>>> }\n";
        let text = format!("{head}{}\n", functions.join("\n"));
        let index = link_sources(&[("hub.rs", &text)]);
        let uses = index.references.on_receiver(class_named(&index, "hub::T"));
        let called: Vec<(u32, &str)> = uses
            .iter()
            .map(|found| {
                let line = index.file(found.file).facts.lines.line(found.at);
                (line, index.function(found.function).name.as_str())
            })
            .collect();
        for (position, (function, is_called)) in functions.iter().zip(expected).enumerate() {
            let line = position as u32 + 4;
            assert_eq!(called.contains(&(line, "good")), *is_called, "{function}");
            assert!(!called.contains(&(line, "clone")), "{function}");
        }
    }

    #[test]
    fn receivers_are_taken_out_of_what_holds_them() {
        let functions = [
            "fn a(s: &S) { for x in &s.v { x.good(); } }",
            "fn b(s: &S) { for x in s.v.iter().rev() { x.good(); } }",
            "fn c(s: &S) { s.v[0].good(); }",
            "fn d(s: &S) { if let Some(x) = &s.o { x.good(); } }",
            "fn e(s: &S) { s.o.as_ref().unwrap().good(); }",
            "fn f(s: &S) { s.m.lock().unwrap().get(&1).unwrap().good(); }",
            "fn g(v: Option<T>) { let x = v.unwrap(); x.good(); }",
            "fn h() { while let Some(q) = T::make() { q.good(); } }",
            "fn i(q: Option<T>) { let Some(z) = q else { return }; z.good(); }",
            "fn j(q: Result<T, ()>) -> Result<(), ()> { q?.good(); Ok(()) }",
            "fn k(x: Arc<T>) { let y = Arc::clone(&x); y.good(); }",
            "fn l(x: Arc<T>) { let y = x.clone(); y.good(); }",
            "fn m(s: &S) { for (_, x) in s.m.lock().unwrap().iter() { x.good(); } }",
        ];
        check(&functions, &[true; 13]);
    }

    #[test]
    fn receivers_are_taken_out_of_patterns() {
        let functions = [
            "struct W(T); fn a(w: W) { let W(x) = w; x.good(); }",
            "fn b(s: S) { let S { o: Some(x), .. } = s else { return }; x.good(); }",
            "struct P { t: T } fn c(P { t }: P) { t.good(); }",
            "struct Q { t: T } impl Q { fn d(self) { let Self { t: x } = self; x.good(); } }",
            "fn e(k: T) { let (x, n) = (T, 1); x.good(); }",
            "fn f(k: T) { let ((x, _), n) = ((k, 1), 2); x.good(); }",
            "use axum::extract::State; fn h(State(x): State<Arc<T>>) { x.good(); }",
            "struct V { t: T } fn g(v: Option<V>) { if let Some(V { t, .. }) = v { t.good(); } }",
        ];
        check(&functions, &[true; 8]);
        let others = [
            "fn a(k: T) { let (n, x) = (k, 1); x.good(); }",
            "struct W(u8, T); fn b(w: W) { let W(x, _) = w; x.good(); }",
            "enum E { T { t: u8 } } fn c(e: E) { match e { E::T { t } => t.good() } }",
        ];
        check(&others, &[false; 3]);
    }

    #[test]
    fn receivers_are_taken_out_of_variants() {
        let functions = [
            "enum A { J(T), N } fn a(e: A) { match e { A::J(x) => x.good(), A::N => {} } }",
            "enum B { J { t: Arc<T>, n: u8 } } fn b(e: B) { if let B::J { t, .. } = e { t.good(); } }",
            "enum C { J(u8, T) } impl C { fn c(self) { match self { Self::J(_, x) => x.good() } } }",
            "mod m { pub enum D { J(super::T) } } use m::D::*; fn d(e: m::D) { if let J(x) = e { x.good(); } }",
            "enum E { J(Option<T>) } fn e(e: E) { if let E::J(Some(x)) = e { x.good(); } }",
            "enum F { J(T) } fn f(r: R) { while let Some(F::J(x)) = r.next() { x.good(); } }",
            "enum G { J { t: T } } fn g(e: G) { let G::J { t: x } = e; x.good(); }",
        ];
        check(&functions, &[true; 7]);
        let others = [
            "enum A { J(u8), L(T) } fn a(e: A) { match e { A::J(x) => x.good(), A::L(_) => {} } }",
            "enum B { J { n: u8, t: T } } fn b(e: B) { let B::J { n: x, .. } = e; x.good(); }",
            "enum C<X> { J(X) } fn c(e: C<T>) { let C::J(x) = e; x.good(); }",
        ];
        check(&others, &[false; 3]);
    }

    #[test]
    fn variants_are_values_of_their_enum() {
        let text = "pub enum Mode { Fast, Slow(u8) }\n\
                    impl Mode { pub fn label(&self) {} }\n\
                    fn a() { Mode::Fast.label(); }\n\
                    fn b() { let mode = Mode::Slow(1); mode.label(); }\n\
                    fn c() { use Mode::*; let mode = Fast; mode.label(); }\n\
                    fn d() { Mode::label(&Mode::Fast); }\n";
        let index = link_sources(&[("mode.rs", text)]);
        let uses = index.references.on_receiver(class_named(&index, "mode::Mode"));
        let lines: Vec<u32> =
            uses.iter().map(|found| index.file(found.file).facts.lines.line(found.at)).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
    }

    #[test]
    fn methods_of_containers_are_not_taken_for_those_of_what_they_hold() {
        let functions = [
            "fn a(s: &S) { s.v.len(); s.o.is_some(); }",
            "fn b(s: &S) { s.o.as_ref().map(|x| x); }",
            "fn c(v: Vec<u8>) { for x in v { x.good(); } }",
            "fn d(v: Option<T>) { let v = 1u8; v.good(); }",
        ];
        check(&functions, &[false; 4]);
    }
}
