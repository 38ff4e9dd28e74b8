//! The imports between the files of a crate. An import through a re-export leads to the file that defines the name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use super::source_file::Import;
use super::source_file::ModulePath;
use super::source_file::SourceFile;

/// The files of a crate and their imports.
#[derive(Debug)]
pub struct ImportGraph {
    files: BTreeMap<PathBuf, SourceFile>,
    modules: BTreeMap<ModulePath, BTreeSet<PathBuf>>,
}

impl ImportGraph {
    /// Reads the file `root` and every module that it declares, directly or not. `read` returns the text of a file, or
    /// `None` if there is no file.
    pub fn load(root: &Path, read: &dyn Fn(&Path) -> Option<String>) -> Self {
        let mut graph = Self { files: BTreeMap::new(), modules: BTreeMap::new() };
        graph.add(root, &[], root.parent().unwrap(), read);
        graph
    }

    /// Adds the file of `module`, whose child modules are in `folder`.
    fn add(&mut self, file: &Path, module: &[String], folder: &Path, read: &dyn Fn(&Path) -> Option<String>) {
        let text = read(file).unwrap_or_else(|| panic!("there is no file {}", file.display()));
        let source = SourceFile::parse(module, &text);
        for module in &source.modules {
            self.modules.entry(module.clone()).or_default().insert(file.to_owned());
        }
        for declaration in &source.declarations {
            let child: Vec<_> = declaration.module.iter().chain([&declaration.name]).cloned().collect();
            let inline: PathBuf = declaration.module[module.len()..].iter().collect();
            let children = folder.join(inline).join(&declaration.name);
            let file = match &declaration.path {
                Some(path) => file.parent().unwrap().join(path),
                None => children.with_extension("rs"),
            };
            self.add(&file, &child, &children, read);
        }
        self.files.insert(file.to_owned(), source);
    }

    /// Returns the files, each with the files from which it imports. A file that re-exports a name of its own child
    /// module does not import the name, unless it uses the name.
    pub fn imports(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut edges = BTreeMap::new();
        for (file, source) in &self.files {
            let imported = source.imports.iter().filter(|import| {
                let is_used = import.name.as_ref().is_some_and(|name| source.used_names.contains(name));
                !import.is_reexport || import.path[0] != "self" || is_used
            });
            let targets = imported.flat_map(|import| self.targets(&import.module, &import.path));
            edges.insert(&**file, targets.filter(|target| target != file).collect());
        }
        edges
    }

    /// Returns the files in which the name at `path` is defined; empty for a name of another crate.
    fn targets(&self, module: &[String], path: &[String]) -> impl Iterator<Item = &Path> {
        let module = self.resolve(module, path, 0);
        module.and_then(|module| self.modules.get(&module)).into_iter().flatten().map(PathBuf::as_path)
    }

    /// Returns the module that defines the name at `path` as seen from `module`.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        const MAX_REEXPORTS: usize = 8;
        let mut segments = path;
        let mut at = match segments.first()?.as_str() {
            "crate" => ModulePath::new(),
            "self" | "super" => module.to_vec(),
            _ => return None,
        };
        while let Some(first) = segments.first().filter(|first| ["crate", "self", "super"].contains(&first.as_str())) {
            if first == "super" {
                at.pop();
            }
            segments = &segments[1..];
        }
        while let Some(next) = segments.first() {
            let child: Vec<_> = at.iter().chain([next]).cloned().collect();
            if !self.modules.contains_key(&child) {
                break;
            }
            (at, segments) = (child, &segments[1..]);
        }
        let named = segments.first().and_then(|name| self.import_of(&at, name));
        match named {
            Some(import) if depth < MAX_REEXPORTS => self.resolve(&at, &import.path, depth + 1),
            _ => Some(at),
        }
    }

    /// Returns the import that gives `name` to a module.
    fn import_of(&self, module: &[String], name: &str) -> Option<&Import> {
        let files = self.modules.get(module).into_iter().flatten().map(|file| &self.files[file]);
        let imports = files.flat_map(|file| &file.imports).filter(|import| import.module == module);
        imports.filter(|import| import.name.as_deref() == Some(name)).max_by_key(|import| import.is_reexport)
    }

    /// Returns each set of files that import each other, directly or through other files of the set.
    pub fn cycles(&self) -> Vec<Vec<&Path>> {
        let edges = self.imports();
        let mut reachable = BTreeMap::new();
        for file in edges.keys() {
            let (mut seen, mut next) = (BTreeSet::new(), vec![*file]);
            while let Some(file) = next.pop() {
                next.extend(edges[file].iter().filter(|target| seen.insert(**target)));
            }
            reachable.insert(*file, seen);
        }
        let mut cycles = BTreeSet::new();
        for (file, targets) in &reachable {
            let cycle: Vec<_> = targets.iter().copied().filter(|target| reachable[target].contains(file)).collect();
            if !cycle.is_empty() {
                cycles.insert(cycle);
            }
        }
        cycles.into_iter().collect()
    }

    /// Returns each inherent `impl` whose type is defined in another file.
    pub fn distant_impls(&self) -> Vec<(&Path, &str)> {
        let distant = self.files.iter().flat_map(|(file, source)| {
            let distant = source.inherent_impls.iter().filter(|name| !source.types.contains(name));
            distant.map(|name| (&**file, &**name))
        });
        distant.collect()
    }
}
