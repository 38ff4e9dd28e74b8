//! The findings of the checks.

/// Findings, each with the file and the rule that it breaks.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: Vec<String>,
}

impl Report {
    /// Adds a finding.
    pub(crate) fn add(&mut self, file: &str, rule: &str, text: &str) {
        self.findings.push(format!("docs/ops/{file}: {rule}: {text}"));
    }

    /// Adds a finding if the condition is false.
    pub(crate) fn require(&mut self, condition: bool, file: &str, rule: &str, text: &str) {
        if !condition {
            self.add(file, rule, text);
        }
    }

    /// Fails with all findings, one a line.
    pub(crate) fn finish(self) -> Result<(), String> {
        if self.findings.is_empty() { Ok(()) } else { Err(self.findings.join("\n")) }
    }

    #[cfg(test)]
    pub(crate) fn findings(&self) -> &[String] {
        &self.findings
    }
}
