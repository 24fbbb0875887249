//! Patches: one table laid over another, which is all that bases, variants and breaks are.

use serde_json::{Map, Value};

/// The key of a patch that names what it takes away, as paths with `/` between their parts.
const DROP: &str = "drop";

/// Lays a patch over a deployment: what it drops is taken away, then the two are merged.
pub(super) fn lay(over: &Value, patch: &Value) -> Value {
    let mut made = over.clone();
    if let Some(Value::Array(paths)) = patch.get(DROP) {
        for path in paths.iter().filter_map(Value::as_str) {
            let parts: Vec<&str> = path.split('/').collect();
            if let Value::Object(table) = &mut made {
                remove(table, &parts);
            }
        }
    }
    let mut laid = merge(&made, patch);
    if let Value::Object(table) = &mut laid {
        table.remove(DROP);
    }
    laid
}

/// Two patches as one: tables are merged, everything else is that of the second.
pub(super) fn merge(one: &Value, other: &Value) -> Value {
    let (Value::Object(one), Value::Object(other)) = (one, other) else {
        return other.clone();
    };
    let mut made = one.clone();
    for (key, value) in other {
        let merged = merge(made.get(key).unwrap_or(&Value::Null), value);
        made.insert(key.clone(), merged);
    }
    Value::Object(made)
}

fn remove(table: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            table.remove(*last);
        }
        [first, rest @ ..] => {
            if let Some(Value::Object(inner)) = table.get_mut(*first) {
                remove(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_are_merged_and_all_else_is_replaced() {
        let base = json!({"run": {"app": {"kind": "site", "listen": ["a", "b"]}}});
        let laid = lay(&base, &json!({"run": {"app": {"listen": ["c"]}, "proxy": {"kind": "nginx"}}}));
        assert_eq!(laid, json!({"run": {"app": {"kind": "site", "listen": ["c"]}, "proxy": {"kind": "nginx"}}}));
    }

    #[test]
    fn what_is_dropped_is_gone_and_may_be_written_anew() {
        let base = json!({"run": {"app": {"kind": "site", "server": "x"}}, "dns": {"app.test": ["A 192.0.2.1"]}});
        let laid = lay(&base, &json!({"drop": ["run/app", "dns/app.test"], "run": {"app": {"kind": "django"}}}));
        assert_eq!(laid, json!({"run": {"app": {"kind": "django"}}, "dns": {}}));
    }
}
