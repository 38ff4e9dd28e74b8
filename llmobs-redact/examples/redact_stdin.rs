//! Redacts standard input to standard output while it arrives, and prints the number of matches on standard error.
//!
//! ```text
//! $ echo 'I am jane@example.org' | cargo run --quiet --release -p llmobs-redact --example redact_stdin
//! I am [EMAIL]
//! email: 1
//! ```

use std::io;
use std::io::Read;
use std::io::Write;

use llmobs_redact::Redactor;

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut stream = Redactor::new().stream();
    let mut redacted = String::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = input.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        stream.push_bytes(&buffer[..length], &mut redacted);
        output.write_all(redacted.as_bytes())?;
        redacted.clear();
    }
    let counts = stream.finish(&mut redacted);
    output.write_all(redacted.as_bytes())?;
    output.flush()?;
    for (kind, count) in counts.iter() {
        writeln!(io::stderr(), "{}: {count}", kind.as_str())?;
    }
    Ok(())
}
