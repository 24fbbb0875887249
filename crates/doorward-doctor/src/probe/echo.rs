//! Reads what an app says it received, in whatever form it says so.

use serde_json::Value;

use crate::facts::Echo;
use crate::redact;

/// `marks` are what was sent with a hyphen, with an underscore, as Authorization and as a cookie.
pub(crate) fn read(text: &str, marks: &[String]) -> Echo {
    let has = |at: usize| marks.get(at).is_some_and(|mark| text.contains(mark.as_str()));
    let mut echo = Echo {
        has_hyphen: has(0),
        has_underscore: has(1),
        has_authorization: has(2),
        has_cookie: has(3),
        ..Echo::default()
    };
    let mut fields = Vec::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            collect(&value, &mut fields, 0);
            let top = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            echo.scheme = redact::clean(&top("scheme"));
            echo.client = redact::clean(
                &[top("client"), top("remote_addr"), top("ip")]
                    .into_iter()
                    .find(|text| !text.is_empty())
                    .unwrap_or_default(),
            );
        }
        Err(_) => fields.extend(
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())),
        ),
    }
    let is_read_too = serde_json::from_str::<Value>(text).is_ok_and(|value| value["host"].is_string());
    let of = |wanted: &str| {
        fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| redact::clean(value)).collect::<Vec<_>>()
    };
    // The app's own reading of the host stands beside the field that it read.
    echo.host = of("host");
    if echo.host.len() > 1 && is_read_too {
        echo.host.remove(0);
    }
    echo.forwarded_proto = of("x-forwarded-proto");
    echo.forwarded_for = of("x-forwarded-for");
    echo.forwarded_host = of("x-forwarded-host");
    let mut upgrade = of("upgrade");
    upgrade.extend(of("connection").into_iter().filter(|value| value.eq_ignore_ascii_case("upgrade")));
    echo.upgrade = upgrade;
    echo
}

fn collect(value: &Value, fields: &mut Vec<(String, String)>, depth: usize) {
    if depth > 6 || fields.len() > 500 {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                match inner {
                    Value::String(text) => fields.push((
                        name.to_lowercase().replace('_', "-").trim_start_matches("http-").to_owned(),
                        text.clone(),
                    )),
                    Value::Array(list) if list.iter().all(Value::is_string) => fields.extend(
                        list.iter().filter_map(Value::as_str).map(|text| (name.to_lowercase(), text.to_owned())),
                    ),
                    other => collect(other, fields, depth + 1),
                }
            }
        }
        Value::Array(list) => {
            if let [Value::String(name), Value::String(text)] = list.as_slice() {
                fields.push((name.to_lowercase(), text.clone()));
            } else {
                for inner in list {
                    collect(inner, fields, depth + 1);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_and_text() {
        let marks: Vec<String> = ["m1", "m2", "m3", "m4"].map(str::to_owned).to_vec();
        let echo = read(
            r#"{"scheme":"http","headers":[["Host","a.test"],["X-Probe","m1"],["Authorization","Bearer m3"],["X-Forwarded-Proto","https"]]}"#,
            &marks,
        );
        assert!(echo.has_hyphen && echo.has_authorization && !echo.has_underscore && !echo.has_cookie);
        assert_eq!((echo.scheme.as_str(), echo.host.len(), echo.forwarded_proto[0].as_str()), ("http", 1, "https"));
        let echo = read(r#"{"host":"a.test","headers":[["Host","a.test"],["X-Probe","m1"]]}"#, &marks);
        assert_eq!(echo.host, ["a.test"], "the app's own reading is no second field");
        let echo = read(r#"{"host":"a.test","headers":[["Host","a.test"],["Host","a.test"]]}"#, &marks);
        assert_eq!(echo.host.len(), 2);
        let echo = read("Host: a.test\nX-Probe: m1\nConnection: upgrade\n", &marks);
        assert_eq!((echo.host, echo.upgrade), (vec!["a.test".to_owned()], vec!["upgrade".to_owned()]));
    }
}
