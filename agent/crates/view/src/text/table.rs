//! Columns, and what their cells mean.

/// What a cell means to whoever looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tone {
    /// Nothing in particular.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of little weight.
    Dim,
    /// A heading.
    Bold,
}

/// Whether tones become colours.
#[derive(Clone, Copy, Debug)]
pub struct Paint(pub bool);

impl Paint {
    /// The text in its tone. What came from elsewhere cannot steer the terminal.
    pub fn cell(self, text: &str, tone: Tone) -> String {
        let text = clean(text);
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Dim => "2",
            Tone::Bold => "1",
            Tone::Plain => return text,
        };
        if self.0 && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text
        }
    }
}

/// Names and messages of others, on one line and without control characters.
fn clean(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect()
}

/// A cell: its text and its tone.
pub type Cell = (String, Tone);

/// Rows under a heading, each column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// One with these headings and no rows.
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row at the end.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// The lines, indented by `indent`. Columns without any text are left out.
    pub fn render(&self, indent: &str, paint: Paint) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|(text, _)| text.chars().count())
                .max()
                .unwrap_or(0)
        };
        let columns: Vec<(usize, usize)> = (0..self.head.len())
            .map(|column| (column, width(column)))
            .filter(|(_, width)| *width > 0)
            .map(|(column, width)| (column, width.max(self.head[column].chars().count())))
            .collect();
        let head: Vec<Cell> = self
            .head
            .iter()
            .map(|&word| (word.to_owned(), Tone::Dim))
            .collect();
        let has_head = self.head.iter().any(|word| !word.is_empty());
        let mut text = String::new();
        for row in has_head.then_some(&head).into_iter().chain(&self.rows) {
            text.push_str(indent);
            text.push_str(&line(row, &columns, paint));
            text.push('\n');
        }
        text
    }
}

fn line(row: &[Cell], columns: &[(usize, usize)], paint: Paint) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for &(column, width) in columns {
        let Some((text, tone)) = row.get(column) else {
            continue;
        };
        // Padding is written before the next cell, so that no line ends in spaces.
        if !text.is_empty() {
            line.push_str(&" ".repeat(gap));
            line.push_str(&paint.cell(text, *tone));
            gap = 0;
        }
        gap += width - text.chars().count() + 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Cell {
        (text.to_owned(), Tone::Plain)
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let mut table = Table::new(&["NAME", "ZONE", "STATE"]);
        table.row(vec![
            plain("a-long-name"),
            plain(""),
            ("ready".to_owned(), Tone::Good),
        ]);
        table.row(vec![plain("ü"), plain(""), plain("")]);
        table.row(vec![plain("b"), plain(""), plain("down")]);
        assert_eq!(
            table.render("  ", Paint(false)),
            "  NAME         STATE\n  a-long-name  ready\n  ü\n  b            down\n"
        );
    }

    #[test]
    fn colours_change_no_width() {
        let mut table = Table::new(&["", ""]);
        table.row(vec![("ab".to_owned(), Tone::Bad), plain("x")]);
        table.row(vec![plain("a"), plain("y")]);
        assert_eq!(
            table.render("", Paint(true)),
            "\u{1b}[31mab\u{1b}[0m  x\na   y\n"
        );
    }

    #[test]
    fn what_comes_from_elsewhere_cannot_steer_the_terminal() {
        let paint = Paint(false);
        assert_eq!(
            paint.cell("a\u{1b}[2Jb\nc\u{9b}d", Tone::Plain),
            "a [2Jb c d"
        );
    }
}
