//! Makes the listing of nftables plain: sets are written out, chains carry their table, other families are left out.

use std::collections::HashMap;

/// Tables that packets of TCP over IP do not meet.
const OTHERS: &[&str] = &["arp", "bridge", "netdev"];

/// A listing in which each rule stands for itself.
#[must_use]
pub fn plain(rules: &[String]) -> Vec<String> {
    let lines = joined(rules);
    let sets = sets(&lines);
    let has_four = has_input(&lines, &["inet", "ip"]);
    let mut out = Vec::new();
    let (mut table, mut is_left_out) = (String::new(), false);
    for line in &lines {
        if let Some(name) = table_of(line) {
            let family = name.split(' ').next().unwrap_or_default();
            is_left_out = OTHERS.contains(&family) || family == "ip6" && has_four;
            table = name.replace(' ', ":");
        }
        if is_left_out {
            continue;
        }
        out.push(qualified(&written_out(line, &table, &sets), &table));
    }
    out
}

/// The verdict of a map for this port, or for connections by an interface that `is_mine` says yes to.
#[must_use]
pub fn mapped(line: &str, port: u16, is_mine: impl Fn(&str) -> bool) -> Option<String> {
    let (key, rest) = line.split_once(" vmap {")?;
    let entries = rest.split('}').next()?.split(',').filter_map(|entry| entry.split_once(':'));
    let mut fitting = entries.filter(|(name, _)| {
        let name = name.trim().trim_matches('"');
        match key.split_whitespace().last() {
            Some("dport") => super::firewall::names_port(&format!("dport {name}"), port),
            Some("iif" | "iifname") => is_mine(name),
            _ => false,
        }
    });
    fitting.next().map(|(_, verdict)| verdict.trim().to_owned())
}

fn table_of(line: &str) -> Option<String> {
    let words: Vec<_> = line.strip_prefix("table ")?.trim_end_matches('{').split_whitespace().collect();
    Some(words.join(" "))
}

/// Lists of elements that go over several lines, as one line each.
fn joined(rules: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in rules.iter().map(|line| line.trim()) {
        match out.last_mut().filter(|_| is_open) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => out.push(line.to_owned()),
        }
        let is_list = is_open || line.contains("elements = {");
        is_open = is_list && !line.contains('}');
    }
    out
}

/// The elements of each set and map, by table and name.
fn sets(lines: &[String]) -> HashMap<(String, String), String> {
    let (mut table, mut name) = (String::new(), String::new());
    let mut all = HashMap::new();
    for line in lines {
        if let Some(named) = table_of(line) {
            table = named.replace(' ', ":");
        }
        if let Some(rest) = line.strip_prefix("set ").or_else(|| line.strip_prefix("map ")) {
            rest.split_whitespace().next().unwrap_or_default().clone_into(&mut name);
        }
        if let Some((_, rest)) = line.split_once("elements = {") {
            let elements = rest.split('}').next().unwrap_or_default().trim().to_owned();
            all.insert((table.clone(), name.clone()), elements);
        }
    }
    all
}

fn has_input(lines: &[String], families: &[&str]) -> bool {
    let mut family = String::new();
    lines.iter().any(|line| {
        if let Some(named) = table_of(line) {
            named.split(' ').next().unwrap_or_default().clone_into(&mut family);
        }
        line.contains("hook input") && families.contains(&family.as_str())
    })
}

/// A rule with the elements of its sets in place of their names.
fn written_out(line: &str, table: &str, sets: &HashMap<(String, String), String>) -> String {
    let word = |word: &str| {
        let name = word.strip_prefix('@')?;
        let elements = sets.get(&(table.to_owned(), name.to_owned()))?;
        Some(format!("{{ {elements} }}"))
    };
    if !line.contains('@') {
        return line.to_owned();
    }
    let words: Vec<_> = line.split_whitespace().map(|one| word(one).unwrap_or_else(|| one.to_owned())).collect();
    words.join(" ")
}

/// A chain, or a way into one, with the table before its name: other tables have chains of the same name.
fn qualified(line: &str, table: &str) -> String {
    if table.is_empty() {
        return line.to_owned();
    }
    let mut out = Vec::new();
    let mut is_name = false;
    for word in line.split(' ') {
        let is_chain = is_name && !word.is_empty() && !word.contains('/');
        out.push(if is_chain { format!("{table}/{word}") } else { word.to_owned() });
        is_name = matches!(word, "jump" | "goto") || word == "chain" && line.starts_with("chain ");
    }
    out.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn sets_are_written_out_and_chains_carry_their_table() {
        let text = "table inet filter {\nset open {\ntype inet_service\nelements = { 22, 80,\n443 }\n}\nchain input {\ntype filter hook input priority filter; policy drop;\ntcp dport @open jump web\n}\n}";
        let plain = plain(&lines(text));
        assert!(plain.contains(&"tcp dport { 22, 80, 443 } jump inet:filter/web".to_owned()), "{plain:?}");
        assert!(plain.contains(&"chain inet:filter/input {".to_owned()), "{plain:?}");
    }

    #[test]
    fn rules_for_the_other_family_are_left_out() {
        let text = "table ip filter {\nchain INPUT {\ntype filter hook input priority filter; policy accept;\n}\n}\ntable ip6 filter {\nchain INPUT {\ntype filter hook input priority filter; policy drop;\n}\n}";
        assert!(!plain(&lines(text)).iter().any(|line| line.contains("policy drop")));
        let alone = text.split_once("table ip6").map(|(_, rest)| format!("table ip6{rest}")).unwrap_or_default();
        assert!(plain(&lines(&alone)).iter().any(|line| line.contains("policy drop")));
    }

    #[test]
    fn maps_give_the_verdict_of_a_port_or_an_interface() {
        let outside = |name: &str| name != "lo";
        assert_eq!(mapped("tcp dport vmap { 22 : accept, 80-443 : drop }", 443, outside).as_deref(), Some("drop"));
        assert_eq!(mapped("tcp dport vmap { 22 : accept }", 443, outside), None);
        let by_interface = "iifname vmap { \"lo\" : accept, \"eth0\" : jump inbound }";
        assert_eq!(mapped(by_interface, 443, outside).as_deref(), Some("jump inbound"));
    }
}
