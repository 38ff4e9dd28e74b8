//! Third-party programs that are published as Python packages. `pip` installs them, so the user's settings for index,
//! mirror, proxy and certificates apply.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

/// Time limit of one download.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(300);

/// Returns the folder of an installed package. `package` is a name with a version, such as `rotel==0.0.1`, and is the
/// name of the folder, because the behaviour can change between versions. The first call on a machine downloads the
/// package with pip. Panics if that fails or takes longer than five minutes.
pub fn package_dir(package: &str) -> PathBuf {
    let cache = cache_dir();
    let target = cache.join(package);
    fs::create_dir_all(&cache).unwrap();
    let lock = File::create(cache.join(format!("{package}.lock"))).unwrap();
    lock.lock().unwrap();
    if !target.exists() {
        let temporary = cache.join(format!("{package}.part"));
        let _ = fs::remove_dir_all(&temporary);
        install(package, &temporary);
        fs::rename(&temporary, &target).unwrap();
    }
    target
}

/// Installs into a folder. `--target` needs no virtual environment and does not change the system's environment.
fn install(package: &str, target: &Path) {
    let mut pip = Command::new("python3")
        .args(["-m", "pip", "--disable-pip-version-check", "--timeout", "20", "--retries", "2"])
        .args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--root-user-action=ignore", "--target"])
        .arg(target)
        .arg(package)
        .stdin(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{package} is a Python package, and python3 does not run: {error}"));
    let status = (0..INSTALL_TIMEOUT.as_secs() * 10).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        pip.try_wait().unwrap()
    });
    if status.is_none() {
        let _ = pip.kill();
        let _ = pip.wait();
    }
    assert!(
        status.is_some_and(|status| status.success()),
        "`python3 -m pip install {package}` {}. It needs pip, access to a Python package index, and a platform \
         for which the package has a wheel.",
        status.map_or_else(
            || format!("took longer than {INSTALL_TIMEOUT:?}"),
            |_| "failed with the error above".to_owned()
        )
    );
}

/// Returns the cache folder for packages and models: `$XDG_CACHE_HOME/llmobs`, or `~/.cache/llmobs` if the variable is
/// unset or relative. The example `axum-chat` uses the same folder. Panics if `HOME` is needed and unset or relative.
pub fn cache_dir() -> PathBuf {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.unwrap_or_else(|| panic!("neither HOME nor XDG_CACHE_HOME is set")).join("llmobs")
}
