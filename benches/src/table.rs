//! Plain text tables that are also valid Markdown.

/// A table of text cells; the first column is left-aligned, the others right-aligned.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Creates a table with a header row.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|&cell| cell.to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[&str]) {
        self.rows.push(cells.iter().map(|&cell| cell.to_owned()).collect());
    }

    /// Prints the table with a blank line before and after.
    pub fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
            .collect();
        println!();
        for (index, row) in self.rows.iter().enumerate() {
            let cell = |(column, cell): (usize, &String)| match (column, widths[column]) {
                (0, width) => format!("{cell:<width$}"),
                (_, width) => format!("{cell:>width$}"),
            };
            println!("| {} |", row.iter().enumerate().map(cell).collect::<Vec<_>>().join(" | "));
            if index == 0 {
                let rule = |(column, width): (usize, &usize)| match column {
                    0 => "-".repeat(width + 2),
                    _ => "-".repeat(width + 1) + ":",
                };
                println!("|{}|", widths.iter().enumerate().map(rule).collect::<Vec<_>>().join("|"));
            }
        }
        println!();
    }
}
