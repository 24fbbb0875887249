//! Guess budgets and known browsers.

use doorward_core::UnixTime;
use doorward_core::budget::{BudgetKey, Counter, Spent};
use doorward_core::identifier::UserId;
use doorward_core::signin::Method;
use doorward_core::store::{Budgets, Result};
use doorward_core::token::TokenHash;
use sqlx::any::AnyRow;

use crate::failure::{Failure, retry};
use crate::row::{Columns as _, damaged};
use crate::store::Store;
use crate::write::Write;

/// How many browsers of one user are remembered; the oldest goes first.
const BROWSERS: i64 = 20;

impl Budgets for Store {
    async fn pay(&self, keys: &[BudgetKey], now: UnixTime) -> Result<std::result::Result<(), (BudgetKey, Spent)>> {
        // Whoever has nothing left is turned away by reading alone, so that a flood of guesses does not
        // hold the writer.
        if let Err(spent) = retry!(peek(self, keys, now))? {
            return Ok(Err(spent));
        }
        retry!(pay(self, keys, now))
    }

    async fn refund(&self, keys: &[BudgetKey]) -> Result<()> {
        retry!(refund_and_commit(self, keys))
    }

    async fn is_known_browser(&self, user: UserId, browser: TokenHash) -> Result<bool> {
        retry!(is_known(self, user, browser))
    }
}

/// What was asked, and the first key without a guess.
type Paid = std::result::Result<(), (BudgetKey, Spent)>;

fn counter_from(row: &AnyRow) -> std::result::Result<Counter, Failure> {
    let recent = row.text("recent")?;
    let moments = recent.split(',').filter(|moment| !moment.is_empty());
    let recent = moments.map(|moment| moment.parse().map(UnixTime).map_err(|_| damaged("recent")));
    Ok(Counter {
        recent: recent.collect::<std::result::Result<_, _>>()?,
        consecutive: u32::try_from(row.number("consecutive")?).map_err(|_| damaged("consecutive"))?,
        blocked_until: row.time("blocked_until")?,
    })
}

fn recent_text(counter: &Counter) -> String {
    let moments: Vec<String> = counter.recent.iter().map(|at| at.0.to_string()).collect();
    moments.join(",")
}

async fn peek(store: &Store, keys: &[BudgetKey], now: UnixTime) -> std::result::Result<Paid, Failure> {
    for key in keys {
        let query = sqlx::query("SELECT recent, consecutive, blocked_until FROM budget WHERE budget_key = $1");
        let Some(row) = query.bind(key.to_text()).fetch_optional(store.reader()).await? else {
            continue;
        };
        if let Err(spent) = counter_from(&row)?.pay(now, key.limits()) {
            return Ok(Err((key.clone(), spent)));
        }
    }
    Ok(Ok(()))
}

async fn pay(store: &Store, keys: &[BudgetKey], now: UnixTime) -> std::result::Result<Paid, Failure> {
    let mut write = Write::unaudited(store).await?;
    let mut counters = lock(&mut write, keys, now).await?;
    for key in keys {
        let Some((_, counter)) = counters.iter_mut().find(|(locked, _)| *locked == key) else {
            continue;
        };
        if let Err(spent) = counter.pay(now, key.limits()) {
            return Ok(Err((key.clone(), spent)));
        }
    }
    for (key, counter) in &counters {
        save(&mut write, key, counter, Some(now)).await?;
    }
    write.commit().await?;
    Ok(Ok(()))
}

/// Reads the counters of these keys, each once, and keeps them from every other writer. The order of keys is
/// the same for everybody, so that nobody waits for somebody who waits for them.
async fn lock<'a>(
    write: &mut Write,
    keys: &'a [BudgetKey],
    now: UnixTime,
) -> std::result::Result<Vec<(&'a BudgetKey, Counter)>, Failure> {
    let mut counters = Vec::with_capacity(keys.len());
    for key in sorted(keys) {
        sqlx::query(
            "INSERT INTO budget (budget_key, recent, consecutive, blocked_until, touched_at) \
             VALUES ($1, '', 0, 0, $2) ON CONFLICT (budget_key) DO NOTHING",
        )
        .bind(key.to_text())
        .bind(now.0)
        .execute(write.on())
        .await?;
        let query = sqlx::query(write.dialect().lock_budget()).bind(key.to_text());
        let row = query.fetch_one(write.on()).await?;
        counters.push((key, counter_from(&row)?));
    }
    Ok(counters)
}

fn sorted(keys: &[BudgetKey]) -> Vec<&BudgetKey> {
    let mut keys: Vec<&BudgetKey> = keys.iter().collect();
    keys.sort_by_key(|key| key.to_text());
    keys.dedup();
    keys
}

async fn save(
    write: &mut Write,
    key: &BudgetKey,
    counter: &Counter,
    touched: Option<UnixTime>,
) -> std::result::Result<(), Failure> {
    sqlx::query(
        "UPDATE budget SET recent = $2, consecutive = $3, blocked_until = $4, \
         touched_at = COALESCE($5, touched_at) WHERE budget_key = $1",
    )
    .bind(key.to_text())
    .bind(recent_text(counter))
    .bind(i64::from(counter.consecutive))
    .bind(counter.blocked_until.0)
    .bind(touched.map(|at| at.0))
    .execute(write.on())
    .await?;
    Ok(())
}

async fn refund_and_commit(store: &Store, keys: &[BudgetKey]) -> std::result::Result<(), Failure> {
    let mut write = Write::unaudited(store).await?;
    give_back(&mut write, keys).await?;
    write.commit().await
}

/// Gives one guess back to each key that has paid any.
pub(crate) async fn give_back(write: &mut Write, keys: &[BudgetKey]) -> std::result::Result<(), Failure> {
    for key in sorted(keys) {
        let query = sqlx::query(write.dialect().lock_budget()).bind(key.to_text());
        let Some(row) = query.fetch_optional(write.on()).await? else {
            continue;
        };
        let mut counter = counter_from(&row)?;
        counter.refund();
        save(write, key, &counter, None).await?;
    }
    Ok(())
}

/// Forgets what is counted for these keys.
pub(crate) async fn clear(write: &mut Write, keys: &[BudgetKey]) -> std::result::Result<(), Failure> {
    for key in sorted(keys) {
        sqlx::query("DELETE FROM budget WHERE budget_key = $1").bind(key.to_text()).execute(write.on()).await?;
    }
    Ok(())
}

/// Forgets every key that begins with these words and has one more, but for this one.
async fn clear_below(write: &mut Write, words: &str, but: &str) -> std::result::Result<(), Failure> {
    // A range instead of LIKE, in which the `_` of an id would stand for any character; ';' follows ':'.
    sqlx::query("DELETE FROM budget WHERE budget_key >= $1 AND budget_key < $2 AND budget_key <> $3")
        .bind(format!("{words}:"))
        .bind(format!("{words};"))
        .bind(but.to_owned())
        .execute(write.on())
        .await?;
    Ok(())
}

/// Forgets the known browsers of a user, and what is counted for each: whoever was known by the password before must not
/// have guesses of their own after it. One may stay known, if it was, with the codes that are counted for it.
pub(crate) async fn forget_browsers(
    write: &mut Write,
    user: UserId,
    keep: Option<TokenHash>,
) -> std::result::Result<(), Failure> {
    sqlx::query("DELETE FROM known_browser WHERE user_id = $1 AND browser <> $2")
        .bind(user.to_string())
        .bind(keep.map_or_else(String::new, TokenHash::to_text))
        .execute(write.on())
        .await?;
    clear_below(write, &format!("browser:{user}"), "").await?;
    for way in Method::ALL {
        let kept = keep.map(|browser| BudgetKey::KnownFactor(user, browser, way).to_text());
        clear_below(write, &BudgetKey::Factor(user, way).to_text(), &kept.unwrap_or_default()).await?;
    }
    Ok(())
}

/// Forgets what is counted for the second factors of a user, in every browser.
pub(crate) async fn clear_factors(write: &mut Write, user: UserId) -> std::result::Result<(), Failure> {
    clear_below(write, &format!("factor:{user}"), "").await
}

/// Forgets what is counted for one way of a user, in every browser: what was guessed at is enrolled no more, and what is
/// enrolled next has a count of its own (NIST SP 800-63B-4, section 3.2.2).
pub(crate) async fn clear_way(write: &mut Write, user: UserId, way: Method) -> std::result::Result<(), Failure> {
    let key = BudgetKey::Factor(user, way);
    clear_below(write, &key.to_text(), "").await?;
    clear(write, &[key]).await
}

async fn is_known(store: &Store, user: UserId, browser: TokenHash) -> std::result::Result<bool, Failure> {
    let query = sqlx::query("SELECT seen_at FROM known_browser WHERE user_id = $1 AND browser = $2");
    let row = query.bind(user.to_string()).bind(browser.to_text()).fetch_optional(store.reader()).await?;
    Ok(row.is_some())
}

/// Remembers a browser that has signed in, and forgets the oldest beyond [`BROWSERS`].
pub(crate) async fn remember_browser(
    write: &mut Write,
    user: UserId,
    browser: TokenHash,
    at: UnixTime,
) -> std::result::Result<(), Failure> {
    sqlx::query(
        "INSERT INTO known_browser (user_id, browser, seen_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, browser) DO UPDATE SET seen_at = excluded.seen_at",
    )
    .bind(user.to_string())
    .bind(browser.to_text())
    .bind(at.0)
    .execute(write.on())
    .await?;
    sqlx::query(
        "DELETE FROM known_browser WHERE user_id = $1 AND browser <> $2 AND browser NOT IN \
         (SELECT browser FROM known_browser WHERE user_id = $1 AND browser <> $2 \
         ORDER BY seen_at DESC, browser LIMIT $3)",
    )
    .bind(user.to_string())
    .bind(browser.to_text())
    .bind(BROWSERS - 1)
    .execute(write.on())
    .await?;
    Ok(())
}
