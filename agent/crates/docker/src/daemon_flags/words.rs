//! From what systemd shows of the unit to the words that the engine's program is given.

use std::collections::BTreeMap;

use host::environment_file as environment;

/// As much of `systemctl show` as says what is run.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The words of `ExecStart=`, before variables are replaced. systemd prints them without their quotes.
    words: Vec<String>,
    variables: BTreeMap<String, String>,
    /// The files that may say something of it, those that win first.
    pub(super) files: Vec<String>,
}

impl Told {
    pub(super) fn read(shown: &str, read: impl Fn(&str) -> Option<String>) -> Self {
        let mut told = Self::default();
        let (mut environments, mut units) = (Vec::new(), Vec::new());
        for (key, value) in shown.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "ExecStart" => told.words = argv(value),
                "Environment" => {
                    let assignments = environment::split(value).into_iter();
                    let pairs = assignments.filter_map(|word| Some(owned(word.split_once('=')?)));
                    told.variables.extend(pairs);
                }
                "EnvironmentFiles" => {
                    let path = value.rsplit_once(" (").map_or(value, |(path, _)| path);
                    environments.push(path.to_owned());
                }
                "FragmentPath" => units.insert(0, value.to_owned()),
                "DropInPaths" => units.extend(environment::split(value)),
                _ => {}
            }
        }
        // A file wins over `Environment=`, and a later one over an earlier one (systemd.exec(5)).
        for text in environments.iter().filter_map(|path| read(path)) {
            told.variables.extend(environment::parse(&text));
        }
        environments.reverse();
        units.reverse();
        told.files = [environments, units].concat();
        told
    }

    /// The words with their variables replaced, as systemd.service(5) has it.
    pub(super) fn command(&self) -> Vec<String> {
        let words = self.words.iter();
        words.flat_map(|word| self.expanded(word)).collect()
    }

    /// `$NAME` alone becomes as many words as its value has, `${NAME}` a part of one, `$$` a dollar.
    fn expanded(&self, word: &str) -> Vec<String> {
        if let Some(name) = word.strip_prefix('$').filter(|name| is_name(name)) {
            return environment::split(self.variable(name));
        }
        let (mut done, mut rest) = (String::new(), word);
        while let Some((before, after)) = rest.split_once('$') {
            done.push_str(before);
            let braced = after
                .strip_prefix('{')
                .and_then(|text| text.split_once('}'));
            rest = if let Some(after) = after.strip_prefix('$') {
                done.push('$');
                after
            } else if let Some((name, after)) = braced {
                done.push_str(self.variable(name));
                after
            } else {
                done.push('$');
                after
            };
        }
        done.push_str(rest);
        vec![done]
    }

    fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.chars().all(word)
}

/// The words of `{ path=… ; argv[]=… ; ignore_errors=… }`.
fn argv(value: &str) -> Vec<String> {
    let after = value.split_once("argv[]=").map_or("", |(_, after)| after);
    let words = after.split_once(" ; ignore_errors=");
    let words = words.map_or(after, |(words, _)| words);
    words.split_whitespace().map(str::to_owned).collect()
}

/// The engine's program, what comes after it, and whether it is what systemd starts: a shell or a script may do so.
/// Words that can be no flag belong to the value before them: the engine takes nothing else, and systemd does not
/// show quotes.
pub(super) fn after_program(words: Vec<String>) -> (String, Vec<String>, bool) {
    let is_engine = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or_default();
        name == "dockerd" || name.starts_with("dockerd-")
    };
    let at = words.iter().position(is_engine);
    let mut rest = words.into_iter().skip(at.unwrap_or_default());
    let first = rest.next().unwrap_or_default();
    let program = if at.is_some() { first } else { String::new() };
    let mut joined: Vec<String> = Vec::new();
    for word in rest {
        match joined.last_mut() {
            Some(last) if !is_flag(&word) && !awaits(last) => {
                last.push(' ');
                last.push_str(&word);
            }
            _ => joined.push(word),
        }
    }
    (program, joined, at == Some(0))
}

/// Whether a word is a flag: a dash before a digit is a number's.
pub(super) fn is_flag(word: &str) -> bool {
    let rest = word.strip_prefix('-');
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether the next word is this flag's value, if it is no flag.
fn awaits(word: &str) -> bool {
    is_flag(word) && !word.contains('=')
}
