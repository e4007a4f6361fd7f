//! Imports and `__all__` → facts.

use ruff_python_ast::{Alias, Expr, StmtImport, StmtImportFrom};
use ruff_text_size::Ranged;

use super::statements::Lowering;
use crate::facts::{Bound, Export, ExportList, Import, ImportIdx, Imported, MODULE_SCOPE, Name};
use crate::text::Offset;

impl Lowering<'_> {
    pub(super) fn lower_import(&mut self, node: &StmtImport) {
        for alias in &node.names {
            let module = Name::new(&alias.name);
            let what = if alias.asname.is_some() { Imported::ModuleAs } else { Imported::Module };
            let import = self.push_import(module, 0, what, alias.start().to_u32());
            let bound = match &alias.asname {
                Some(name) => Name::new(name),
                None => Name::new(module.as_str().split('.').next().unwrap_or_default()),
            };
            self.bind(bound, import_binding_at(alias), Bound::Import(import));
        }
    }

    pub(super) fn lower_import_from(&mut self, node: &StmtImportFrom) {
        let module = Name::new(node.module.as_ref().map_or("", |module| module.as_str()));
        for alias in &node.names {
            let at = alias.start().to_u32();
            if alias.name.as_str() == "*" {
                let import = self.push_import(module, node.level, Imported::Star, at);
                self.bind(Name::new("*"), at, Bound::Star(import));
                continue;
            }
            let name = Name::new(&alias.name);
            let import = self.push_import(module, node.level, Imported::Name(name), at);
            let bound = alias.asname.as_ref().map_or(name, |asname| Name::new(asname));
            self.bind(bound, import_binding_at(alias), Bound::Import(import));
        }
    }

    pub(super) fn push_import(&mut self, module: Name, level: u32, what: Imported, at: Offset) -> ImportIdx {
        let index = ImportIdx::at(self.facts.imports.len());
        let (scope, guard) = (self.scope, self.guard);
        self.facts.imports.push(Import { module, level, what, at, scope, guard });
        index
    }

    pub(super) fn is_export_list(&self, expr: &Expr) -> bool {
        self.scope == MODULE_SCOPE && matches!(expr, Expr::Name(name) if name.id.as_str() == "__all__")
    }

    pub(super) fn lower_export_list(&mut self, value: &Expr, starts_over: bool) {
        if starts_over {
            self.facts.exports.clear();
            self.facts.export_list = ExportList::Literal;
        }
        let elements = match value {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::BinOp(operation) => {
                self.lower_export_list(&operation.left, false);
                self.lower_export_list(&operation.right, false);
                return;
            }
            _ => {
                self.facts.export_list = ExportList::Dynamic;
                return;
            }
        };
        for element in elements {
            match element {
                Expr::StringLiteral(item) => self
                    .facts
                    .exports
                    .push(Export { name: Name::new(item.value.to_str()), at: item.start().to_u32() }),
                _ => self.facts.export_list = ExportList::Dynamic,
            }
        }
    }
}

/// Where the bound name of an import stands: the alias where there is one.
fn import_binding_at(alias: &Alias) -> Offset {
    alias.asname.as_ref().map_or(alias.start(), Ranged::start).to_u32()
}
