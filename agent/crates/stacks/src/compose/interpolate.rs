//! Variables in a stack's file, as Docker replaces them (docker/cli `cli/compose/template`): `$NAME`,
//! `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`, `${NAME?error}`, `$$` for `$`.

use super::yaml::{Node, Value};

/// The variables that a file may use.
pub(super) type Variables = [(&'static str, String)];

/// Replaces the variables in all values; not in keys. What Docker refuses stays as it is: Docker says so.
pub(super) fn all(node: &mut Node, variables: &Variables) {
    match &mut node.value {
        Value::Null => {}
        Value::Scalar(text) => {
            if text.contains('$') {
                *text = replaced(text, variables);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| all(item, variables)),
        Value::Map(entries) => entries
            .iter_mut()
            .for_each(|(_, value)| all(value, variables)),
    }
}

fn replaced(text: &str, variables: &Variables) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        done.push_str(before);
        rest = if let Some(after) = after.strip_prefix('$') {
            done.push('$');
            after
        } else if let Some((inner, after)) = braced(after) {
            done.push_str(&value(inner, variables));
            after
        } else {
            let end = after.find(|c: char| !is_part(c)).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            done.push_str(&value(name, variables));
            after
        };
    }
    done + rest
}

fn braced(after: &str) -> Option<(&str, &str)> {
    after.strip_prefix('{')?.split_once('}')
}

fn is_part(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// What stands for a variable: an empty one counts as missing where a colon says so.
fn value(inner: &str, variables: &Variables) -> String {
    let end = inner.find(|c: char| !is_part(c)).unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let set = variables.iter().find(|(known, _)| *known == name);
    let set = set.map(|(_, value)| value.clone());
    let fallback = |operator: &str| operator.strip_prefix('-').map(str::to_owned);
    match operator.strip_prefix(':') {
        Some(operator) => set
            .filter(|value| !value.is_empty())
            .or_else(|| fallback(operator)),
        None => set.or_else(|| fallback(operator)),
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_docker_does() {
        let variables = [("CLUSTER", "demo".to_owned()), ("EMPTY", String::new())];
        for (text, expected) in [
            ("$CLUSTER-x", "demo-x"),
            ("a${CLUSTER}b", "ademob"),
            ("${NONE:-d}", "d"),
            ("${NONE-d}${CLUSTER-d}", "ddemo"),
            ("${EMPTY:-d}|${EMPTY-d}", "d|"),
            ("${NONE}", ""),
            ("${NONE:?it is needed}", ""),
            ("$$lit ${CLUSTER", "$lit {CLUSTER"),
            ("5$", "5"),
        ] {
            assert_eq!(replaced(text, &variables), expected, "{text}");
        }
    }
}
