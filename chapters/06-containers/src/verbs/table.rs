//! Columns, as Docker's client aligns them.

/// Lines of cells: each column is as wide as its widest cell and three spaces, and at least ten
/// letters (docker/cli, `tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)`).
pub(super) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widest = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| (widest(column).unwrap_or_default() + 3).max(10)).collect();
    let line = |row: &Vec<String>| -> String {
        row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect()
    };
    rows.iter().map(|row| line(row).trim_end().to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_dockers() {
        let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
        let lines = aligned(&[row(["DRIVER", "VOLUME NAME", "X"]), row(["local", "data", "y"])]);
        assert_eq!(lines, ["DRIVER    VOLUME NAME   X", "local     data          y"]);
    }
}
