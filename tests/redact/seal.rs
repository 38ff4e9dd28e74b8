//! Content is unsealed in one place only: checked by a search of the source and by types.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The files that may unseal content: those of the gate that serialise exported content.
const OPENERS: [&str; 1] = ["capture/serialize.rs"];

#[test]
fn content_is_opened_by_the_gate_alone() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llmobs/src");
    let mut found: Vec<String> = files(&source)
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains(".unseal("))
        .map(|file| file.strip_prefix(&source).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    found.sort();
    assert_eq!(found, OPENERS);
}

#[test]
fn the_seal_has_no_other_opening() {
    let sealed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llmobs/src/content/sealed.rs");
    let text = fs::read_to_string(sealed).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    for door in
        ["Deref", "Display for", "Serialize", "AsRef", "Borrow<", "into_inner", "pub fn get", "pub const fn as_"]
    {
        assert!(
            !code.lines().filter(|line| !line.trim_start().starts_with("///")).any(|line| line.contains(door)),
            "{door}"
        );
    }
    // The lines that access the inner value: to borrow it, to compute its size, and to unseal it inside the crate.
    let opened: Vec<&str> = code.lines().map(str::trim).filter(|line| line.contains("self.0")).collect();
    assert_eq!(opened, ["&self.0", "self.0.weight()", "let class = match self.0.weight() {"]);
    assert!(code.contains("pub(crate) const fn unseal"));
}

#[test]
fn content_implements_none_of_what_prints_or_opens() {
    trait Closed {
        fn is_open(&self) -> bool {
            false
        }
    }
    // Rust prefers the inherent method where its bound holds, so each macro call tests one trait of the type.
    macro_rules! can {
        ($type:ty: $bound:path) => {{
            struct Probe<T>(std::marker::PhantomData<T>);
            impl<T> Closed for Probe<T> {}
            impl<T: $bound> Probe<T> {
                #[allow(dead_code, reason = "it is chosen where the bound holds, and nowhere else")]
                fn is_open(&self) -> bool {
                    true
                }
            }
            Probe::<$type>(std::marker::PhantomData).is_open()
        }};
    }
    macro_rules! is_shut {
        ($($bound:path),*) => {
            $(
                assert!(can!(String: $bound), stringify!($bound));
                assert!(!can!(llmobs::Content<String>: $bound), stringify!($bound));
            )*
        };
    }
    is_shut!(std::fmt::Display, std::ops::Deref, AsRef<str>, AsRef<[u8]>, std::borrow::Borrow<str>);
    is_shut!(std::hash::Hash, PartialOrd, PartialEq<str>, PartialEq<&'static str>, Into<Vec<u8>>, Extend<char>);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    all.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}
