//! Settings as a flat list of paths and values.

use figment::value::{Dict, Value};

/// Every value that is no table, and every empty table, with its path.
pub(super) fn of(dict: &Dict) -> Vec<(Vec<String>, Value)> {
    let mut found = Vec::new();
    for (key, value) in dict {
        match value {
            Value::Dict(_, inner) if !inner.is_empty() => {
                found.extend(of(inner).into_iter().map(|(mut path, value)| {
                    path.insert(0, key.clone());
                    (path, value)
                }));
            }
            _ => found.push((vec![key.clone()], value.clone())),
        }
    }
    found
}

/// Puts `value` at `path`, making the tables on the way.
pub(super) fn put(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [key] => {
            dict.insert(key.clone(), value);
        }
        [key, rest @ ..] => {
            let inner = dict
                .entry(key.clone())
                .or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_taken_apart_and_put_together_is_the_same() {
        let table: toml::Table = "a = 1\n[b]\nc = [1, 2]\n[b.'x.y']\nd = 'e'\n[empty]\n"
            .parse()
            .expect("TOML");
        let dict = Value::serialize(table)
            .ok()
            .and_then(Value::into_dict)
            .expect("a table");
        let mut again = Dict::new();
        let leaves = of(&dict);
        assert_eq!(leaves.len(), 4);
        for (path, value) in leaves {
            put(&mut again, &path, value);
        }
        assert_eq!(again, dict);
    }
}
