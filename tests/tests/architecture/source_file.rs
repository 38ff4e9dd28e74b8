//! One source file: its modules, imports, re-exports, types and inherent `impl` blocks, without the code behind
//! `#[cfg(test)]`.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use syn::Attribute;
use syn::Item;
use syn::UseTree;
use syn::Visibility;
use syn::visit;
use syn::visit::Visit;

/// A module path from the crate root, such as `["observer", "marker"]`.
pub type ModulePath = Vec<String>;

/// A name that a module imports or writes with its path.
#[derive(Debug)]
pub struct Import {
    /// The module that contains the import.
    pub module: ModulePath,
    /// The segments as written, such as `["crate", "clock", "Clock"]`.
    pub path: Vec<String>,
    /// The name in the module; `None` for a path inside an expression or a type.
    pub name: Option<String>,
    /// Set for `pub use` and `pub(...) use`.
    pub is_reexport: bool,
}

/// A module that is declared with `mod name;`.
#[derive(Debug)]
pub struct ModuleDeclaration {
    /// The module that contains the declaration.
    pub module: ModulePath,
    /// The name of the declared module.
    pub name: String,
    /// The value of `#[path = "..."]`.
    pub path: Option<String>,
}

/// The facts about a file that the layer rules need.
#[derive(Debug, Default)]
pub struct SourceFile {
    /// The modules that are declared in other files.
    pub declarations: Vec<ModuleDeclaration>,
    /// The modules whose code is in this file.
    pub modules: Vec<ModulePath>,
    /// Every import, and every path that begins with `crate`, `super` or `self`.
    pub imports: Vec<Import>,
    /// The first segment of every path outside of imports, and every identifier inside a macro call.
    pub used_names: BTreeSet<String>,
    /// The names of the structs, enums and unions.
    pub types: Vec<String>,
    /// The names of the types with an inherent `impl`.
    pub inherent_impls: Vec<String>,
}

impl SourceFile {
    /// Parses the text of the file of `module`.
    pub fn parse(module: &[String], text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
        let mut visitor = Visitor { module: module.to_vec(), file: Self::default() };
        visitor.file.modules.push(module.to_vec());
        visitor.visit_file(&file);
        visitor.file
    }
}

struct Visitor {
    module: ModulePath,
    file: SourceFile,
}

impl Visitor {
    fn push_path(&mut self, path: Vec<String>, name: Option<String>, is_reexport: bool) {
        self.file.imports.push(Import { module: self.module.clone(), path, name, is_reexport });
    }

    fn push_use(&mut self, tree: &UseTree, mut prefix: Vec<String>, is_reexport: bool) {
        match tree {
            UseTree::Path(tree) => {
                prefix.push(tree.ident.to_string());
                self.push_use(&tree.tree, prefix, is_reexport);
            }
            UseTree::Name(tree) => {
                prefix.push(tree.ident.to_string());
                self.push_path(prefix, Some(tree.ident.to_string()), is_reexport);
            }
            UseTree::Rename(tree) => {
                prefix.push(tree.ident.to_string());
                self.push_path(prefix, Some(tree.rename.to_string()), is_reexport);
            }
            UseTree::Glob(_) => self.push_path(prefix, None, is_reexport),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.push_use(tree, prefix.clone(), is_reexport);
                }
            }
        }
    }

    /// Finds paths and types in the tokens of a macro call. A path after `$` belongs to the caller of the macro.
    fn push_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.push_tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    self.file.used_names.insert(ident.to_string());
                    let before = index.checked_sub(1).map(|index| tokens[index].to_string()).unwrap_or_default();
                    let path = path_at(&tokens[index..]);
                    if ["struct", "enum", "union"].contains(&before.as_str()) {
                        self.file.types.push(ident.to_string());
                    } else if !["$", ":"].contains(&before.as_str()) && path.len() > 1 {
                        self.push_path(path, None, false);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns the path that the tokens begin with, if it begins with `crate`, `super` or `self`.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    for group in tokens.chunks(3) {
        let TokenTree::Ident(ident) = &group[0] else { break };
        path.push(ident.to_string());
        if group.len() < 3 || group[1].to_string() != ":" || group[2].to_string() != ":" {
            break;
        }
    }
    if path.first().is_some_and(|first| is_relative(first)) { path } else { Vec::new() }
}

fn is_relative(segment: &str) -> bool {
    ["crate", "super", "self"].contains(&segment)
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        if attributes(item).iter().any(is_for_tests) {
            return;
        }
        match item {
            Item::Struct(item) => self.file.types.push(item.ident.to_string()),
            Item::Enum(item) => self.file.types.push(item.ident.to_string()),
            Item::Union(item) => self.file.types.push(item.ident.to_string()),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            let path = item.attrs.iter().find_map(path_attribute);
            self.file.declarations.push(ModuleDeclaration { module: self.module.clone(), name, path });
            return;
        }
        self.module.push(name);
        self.file.modules.push(self.module.clone());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.push_use(&item.tree, Vec::new(), !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let (None, syn::Type::Path(ty)) = (&item.trait_, &*item.self_ty) {
            let segments = &ty.path.segments;
            self.file.inherent_impls.extend(segments.last().map(|segment| segment.ident.to_string()));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.file.used_names.insert(segments[0].clone());
        if segments.len() > 1 && is_relative(&segments[0]) {
            self.push_path(segments, None, false);
        }
        visit::visit_path(self, path);
    }

    // The path of a visibility is not an import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.push_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns whether the attribute is `#[cfg(test)]` or `#[cfg(all(test, ...))]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    let text = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
    attribute.path().is_ident("cfg") && (text == "test" || text.replace(' ', "").starts_with("all(test,"))
}

/// Returns the value of `#[path = "..."]`.
fn path_attribute(attribute: &Attribute) -> Option<String> {
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) =
        &attribute.meta.require_name_value().ok()?.value
    else {
        return None;
    };
    attribute.path().is_ident("path").then(|| text.value())
}
