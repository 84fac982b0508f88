//! YAML as a tree with lines, for saying where in a file something is.
//!
//! Docker itself reads the file for the swarm. This reads it for what is checked before that, so it is
//! strict about nothing but size: a file that is too deep or grows too large by its aliases is refused.

use std::collections::BTreeMap;

use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

/// Nobody writes a stack that is nested deeper.
const DEEPEST: usize = 64;
/// The most nodes, each alias counted as what it stands for.
const MOST: usize = 50_000;

/// A part of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The line it begins in, from 1 on.
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing, or what stands for it.
    Null,
    /// All that is written in one piece: text, numbers, yes and no.
    Scalar(String),
    List(Vec<Node>),
    /// In the file's order; merged keys (`<<`) are resolved.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key; none where this is no mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let (_, value) = self.entries().find(|(known, _)| *known == key)?;
        Some(value)
    }

    /// Keys and values; none where this is no mapping.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Its items; none where this is no list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Its text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it says yes, in any of YAML 1.1's words.
    pub(super) fn is_yes(&self) -> bool {
        let words = ["true", "yes", "on", "y"];
        self.text()
            .is_some_and(|text| words.contains(&text.to_ascii_lowercase().as_str()))
    }

    fn weight(&self) -> usize {
        let below: usize = match &self.value {
            Value::List(items) => items.iter().map(Self::weight).sum(),
            Value::Map(entries) => entries.iter().map(|(_, value)| value.weight()).sum(),
            _ => 0,
        };
        1 + below
    }
}

/// Reads the first document of a text; nothing at all is null.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        left: MOST,
    };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart, _) => {}
            (Event::StreamEnd | Event::DocumentEnd, line) => {
                return Ok(Node {
                    line,
                    value: Value::Null,
                });
            }
            (event, line) => return reader.node(event, line, 0),
        }
    }
}

struct Reader<'a> {
    parser: Parser<std::str::Chars<'a>>,
    anchors: BTreeMap<usize, Node>,
    left: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<(Event, usize), String> {
        let (event, mark) = self
            .parser
            .next_token()
            .map_err(|error| format!("line {}: {}", error.marker().line(), error.info()))?;
        Ok((event, mark.line()))
    }

    fn node(&mut self, event: Event, line: usize, depth: usize) -> Result<Node, String> {
        if depth > DEEPEST {
            return Err(format!(
                "line {line}: it is nested deeper than {DEEPEST} levels"
            ));
        }
        self.spend(1, line)?;
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, _) => (anchor, scalar(text, style)),
            Event::SequenceStart(anchor, _) => (anchor, Value::List(self.list(depth)?)),
            Event::MappingStart(anchor, _) => (anchor, Value::Map(self.map(depth)?)),
            Event::Alias(anchor) => return self.alias(anchor, line),
            other => return Err(format!("line {line}: it ends too soon ({other:?})")),
        };
        let node = Node { line, value };
        // 0 is none.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(items),
                (event, line) => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, String> {
        let (mut entries, mut merged) = (Vec::new(), Vec::new());
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                (event, line) => self.node(event, line, depth + 1)?,
            };
            let (event, line) = self.next()?;
            let mut value = self.node(event, line, depth + 1)?;
            // A reader looks for the key.
            value.line = key.line;
            match key.text() {
                Some("<<") => merged.push(value),
                text => entries.push((text.unwrap_or_default().to_owned(), value)),
            }
        }
        for value in merged {
            self.merge(&mut entries, &value)?;
        }
        Ok(entries)
    }

    /// What is merged in does not replace what is written there.
    fn merge(&mut self, entries: &mut Vec<(String, Node)>, value: &Node) -> Result<(), String> {
        for item in value.items() {
            self.merge(entries, item)?;
        }
        for (key, value) in value.entries() {
            if entries.iter().all(|(known, _)| known != key) {
                self.spend(value.weight(), value.line)?;
                entries.push((key.to_owned(), value.clone()));
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, line: usize) -> Result<Node, String> {
        let node = self.anchors.get(&anchor).cloned();
        let node = node.ok_or_else(|| format!("line {line}: an alias refers to nothing"))?;
        self.spend(node.weight(), line)?;
        Ok(node)
    }

    fn spend(&mut self, nodes: usize, line: usize) -> Result<(), String> {
        let left = self.left.checked_sub(nodes);
        self.left = left.ok_or_else(|| format!("line {line}: it has more than {MOST} parts"))?;
        Ok(())
    }
}

fn scalar(text: String, style: TScalarStyle) -> Value {
    let is_null =
        style == TScalarStyle::Plain && ["", "~", "null", "Null", "NULL"].contains(&&*text);
    if is_null {
        Value::Null
    } else {
        Value::Scalar(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lines_aliases_and_merges_are_read() {
        let text = "# a comment\nbase: &base\n  a: 1\n  b: [x, 'null', ~]\nother:\n  <<: *base\n  a: 2\nsame: *base\n";
        let read = parse(text).unwrap();
        let other = read.get("other").unwrap();
        assert_eq!(other.get("a").unwrap().text(), Some("2"));
        let list = other.get("b").unwrap();
        assert_eq!((list.line, list.items().len()), (4, 3));
        let texts: Vec<_> = list.items().iter().map(Node::text).collect();
        assert_eq!(texts, [Some("x"), Some("null"), None]);
        let value = |key: &str| read.get(key).map(|node| &node.value);
        assert_eq!(value("same"), value("base"));
        assert_eq!(other.get("a").unwrap().line, 7);
        assert_eq!(read.get("nothing"), None);
    }

    #[test]
    fn documents_without_content_are_null_and_the_first_one_counts() {
        for text in ["", "# nothing\n", "---\n", "~"] {
            assert_eq!(parse(text).unwrap().value, Value::Null, "{text:?}");
        }
        let two = parse("a: 1\n---\na: 2\n").unwrap();
        assert_eq!(two.get("a").unwrap().text(), Some("1"));
        assert_eq!(
            parse("{\"a\": true}").unwrap().get("a").map(Node::is_yes),
            Some(true)
        );
    }

    #[test]
    fn what_is_no_yaml_or_too_much_of_it_is_refused_with_its_line() {
        for (text, says) in [
            ("a: [1\n".to_owned(), "line "),
            ("a: *b\n".to_owned(), "line 1: "),
            ("[".repeat(100_000), "limit exceeded"),
            ("[".repeat(100), "nested deeper"),
            ("- ".repeat(1_000), "nested deeper"),
            (
                format!("a: [{}]", "1,".repeat(MOST)),
                "more than 50000 parts",
            ),
            (laughs(), "more than 50000 parts"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    /// Aliases of aliases: a few lines that stand for billions.
    fn laughs() -> String {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            let before = format!("*a{}, ", n - 1).repeat(10);
            text = format!("{text}a{n}: &a{n} [{before}]\n");
        }
        text
    }
}
