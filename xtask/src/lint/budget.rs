//! The number of packages in Cargo.lock, raised only on purpose.

use super::tree::Tree;

/// The file that holds the number.
const BUDGET: &str = "xtask/lock-budget.txt";

/// A lock file with more packages than were agreed on.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some(budget) = tree.text(BUDGET).and_then(agreed) else {
        return vec![format!("{BUDGET}: holds no number")];
    };
    let Some(lock) = tree.text("Cargo.lock") else {
        return vec!["Cargo.lock: missing; the program is built from locked versions".to_owned()];
    };
    let packages = lock.lines().filter(|line| *line == "[[package]]").count();
    if packages > budget {
        return vec![format!(
            "Cargo.lock: {packages} packages, {BUDGET} agrees to {budget}; do without, or raise it and say why"
        )];
    }
    Vec::new()
}

fn agreed(text: &str) -> Option<usize> {
    text.lines().find(|line| !line.starts_with('#'))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    const TWO: &str = "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n";

    #[test]
    fn as_many_as_agreed_is_well_and_one_more_is_not() {
        assert!(check(&tree(&[(BUDGET, "# why\n2\n"), ("Cargo.lock", TWO)])).is_empty());
        assert_eq!(check(&tree(&[(BUDGET, "1\n"), ("Cargo.lock", TWO)])).len(), 1);
    }

    #[test]
    fn a_missing_number_or_lock_is_not_passed_over() {
        assert_eq!(check(&tree(&[("Cargo.lock", TWO)])).len(), 1);
        assert_eq!(check(&tree(&[(BUDGET, "2")])).len(), 1);
    }
}
