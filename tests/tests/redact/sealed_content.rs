//! Content is unsealed in one place only: checked by a search of the source and by types.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The files that may unseal content: those of the gate that serialise exported content.
const CONTENT_READERS: [&str; 1] = ["capture/serialize.rs"];

#[test]
fn only_the_gate_unseals_content() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llmobs/src");
    let mut callers: Vec<String> = files(&source)
        .into_iter()
        .filter(|file| fs::read_to_string(file).unwrap().contains(".unseal("))
        .map(|file| file.strip_prefix(&source).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    callers.sort();
    assert_eq!(callers, CONTENT_READERS);
}

#[test]
fn sealed_content_has_no_other_accessor() {
    let sealed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llmobs/src/content/sealed.rs");
    let text = fs::read_to_string(sealed).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    for opening in
        ["Deref", "Display for", "Serialize", "AsRef", "Borrow<", "into_inner", "pub fn get", "pub const fn as_"]
    {
        assert!(
            !code.lines().filter(|line| !line.trim_start().starts_with("///")).any(|line| line.contains(opening)),
            "{opening}"
        );
    }
    // The lines that access the inner value: to borrow it, to compute its size, and to unseal it inside the crate.
    let inner_accesses: Vec<&str> = code.lines().map(str::trim).filter(|line| line.contains("self.0")).collect();
    assert_eq!(inner_accesses, ["&self.0", "self.0.estimated_bytes()", "let class = match self.0.estimated_bytes() {"]);
    assert!(code.contains("pub(crate) const fn unseal"));
}

#[test]
fn content_implements_no_trait_that_prints_or_unseals_it() {
    trait Fallback {
        fn is_implemented(&self) -> bool {
            false
        }
    }
    // Rust prefers the inherent method where its bound holds, so each macro call tests one trait of the type.
    macro_rules! implements {
        ($type:ty: $bound:path) => {{
            struct Probe<T>(std::marker::PhantomData<T>);
            impl<T> Fallback for Probe<T> {}
            impl<T: $bound> Probe<T> {
                #[allow(dead_code, reason = "only types that meet the bound use it")]
                fn is_implemented(&self) -> bool {
                    true
                }
            }
            Probe::<$type>(std::marker::PhantomData).is_implemented()
        }};
    }
    macro_rules! assert_not_implemented {
        ($($bound:path),*) => {
            $(
                assert!(implements!(String: $bound), stringify!($bound));
                assert!(!implements!(llmobs::Content<String>: $bound), stringify!($bound));
            )*
        };
    }
    assert_not_implemented!(std::fmt::Display, std::ops::Deref, AsRef<str>, AsRef<[u8]>, std::borrow::Borrow<str>);
    assert_not_implemented!(
        std::hash::Hash,
        PartialOrd,
        PartialEq<str>,
        PartialEq<&'static str>,
        Into<Vec<u8>>,
        Extend<char>
    );
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    paths.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}
