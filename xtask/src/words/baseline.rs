//! The numbers of findings that files may still have. They only fall.

use std::collections::BTreeMap;

/// The findings of each file that has any.
pub(crate) type Counts = BTreeMap<String, usize>;

/// A file whose findings differ from the baseline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) found: usize,
    pub(crate) allowed: usize,
}

/// Reads lines of `path<TAB>count`, sorted and without duplicates.
pub(crate) fn parse(text: &str) -> Result<Counts, String> {
    let mut counts = Counts::new();
    for (number, line) in (1..).zip(text.lines()) {
        let entry = line.split_once('\t').and_then(|(path, count)| Some((path, count.parse().ok()?)));
        let (path, count) = entry.filter(|(_, count)| *count > 0).ok_or_else(|| {
            format!("line {number} of the baseline should be a path, a tab and a number above 0: `{line}`")
        })?;
        if counts.last_key_value().is_some_and(|(last, _)| last.as_str() >= path) {
            return Err(format!("line {number} of the baseline is out of order or a duplicate: `{path}`"));
        }
        counts.insert(path.to_owned(), count);
    }
    Ok(counts)
}

/// Returns the text of the baseline.
pub(crate) fn to_text(counts: &Counts) -> String {
    counts.iter().map(|(path, count)| format!("{path}\t{count}\n")).collect()
}

/// Returns each file with more or fewer findings than the baseline has.
pub(crate) fn compare(found: &Counts, baseline: &Counts) -> Vec<Difference> {
    let paths = found.keys().chain(baseline.keys().filter(|path| !found.contains_key(*path)));
    let number = |counts: &Counts, path: &String| counts.get(path).copied().unwrap_or(0);
    let all = paths.map(|path| Difference {
        path: path.clone(),
        found: number(found, path),
        allowed: number(baseline, path),
    });
    all.filter(|difference| difference.found != difference.allowed).collect()
}

/// Returns the new baseline. No number rises; a file that was renamed or split takes its number along, so new files may
/// have as many findings together as the files that `exists` denies had.
pub(crate) fn bless(found: &Counts, baseline: &Counts, exists: impl Fn(&str) -> bool) -> Result<Counts, String> {
    let differences = compare(found, baseline);
    let refuse = |difference: &Difference| {
        let Difference { path, found, allowed } = difference;
        Err(format!("{path}: {found} findings where the baseline has {allowed}; --bless raises no number"))
    };
    let is_new = |difference: &&Difference| !baseline.contains_key(&difference.path);
    if let Some(raised) = differences.iter().find(|d| d.found > d.allowed && !is_new(d)) {
        return refuse(raised);
    }
    let gone: usize = baseline.iter().filter(|(path, _)| !exists(path)).map(|(_, count)| count).sum();
    let new: usize = differences.iter().filter(is_new).map(|difference| difference.found).sum();
    match differences.iter().find(is_new) {
        Some(first) if new > gone => refuse(first),
        _ => Ok(found.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(entries: &[(&str, usize)]) -> Counts {
        entries.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect()
    }

    #[test]
    fn more_and_fewer_findings_than_the_baseline_both_differ() {
        let baseline = counts(&[("a", 2), ("b", 2), ("c", 2), ("gone", 1)]);
        let found = compare(&counts(&[("a", 3), ("b", 1), ("c", 2), ("new", 1)]), &baseline);
        let found: Vec<_> = found.iter().map(|d| (d.path.as_str(), d.found, d.allowed)).collect();
        assert_eq!(found, [("a", 3, 2), ("b", 1, 2), ("new", 1, 0), ("gone", 0, 1)]);
        assert_eq!(compare(&baseline, &baseline), []);
    }

    #[test]
    fn bless_lowers_numbers_and_never_raises_one() {
        let baseline = counts(&[("a", 2), ("b", 2)]);
        assert_eq!(bless(&counts(&[("a", 1)]), &baseline, |_| true), Ok(counts(&[("a", 1)])));
        assert!(bless(&counts(&[("a", 3)]), &baseline, |_| true).unwrap_err().contains("a: 3"));
        assert!(bless(&counts(&[("a", 3)]), &baseline, |path| path != "b").is_err());
        assert!(bless(&counts(&[("new", 1)]), &baseline, |_| true).unwrap_err().contains("new: 1"));
    }

    #[test]
    fn the_number_of_a_renamed_or_split_file_moves_to_the_new_files() {
        let baseline = counts(&[("a", 2), ("b", 3)]);
        let split = counts(&[("a", 2), ("b/x", 1), ("b/y", 2)]);
        assert_eq!(bless(&split, &baseline, |path| path != "b"), Ok(split.clone()));
        let grown = counts(&[("b/x", 1), ("b/y", 3)]);
        assert!(bless(&grown, &baseline, |path| path != "b").is_err());
    }

    #[test]
    fn the_baseline_is_sorted_and_has_no_duplicates() {
        let baseline = counts(&[("a", 2), ("b", 1)]);
        assert_eq!(parse(&to_text(&baseline)), Ok(baseline));
        for broken in ["b\t1\na\t1\n", "a\t1\na\t1\n", "a\t0\n", "a 1\n", "a\tx\n", "\n"] {
            assert!(parse(broken).is_err(), "{broken}");
        }
    }
}
