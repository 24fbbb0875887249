//! One life of two nodes: what was used before is presented once more, and then they race until they are killed.

use std::io::Write as _;
use std::path::Path;

use doorward_store::{Location, Store};
use tokio::task::JoinSet;

use crate::CALLERS;
use crate::value::{House, Value};

/// Races for ever, and says of each value how often it was good.
pub(crate) async fn live(location: &Location, used: &Path) {
    let nodes = [Store::open(location).await.unwrap(), Store::open(location).await.unwrap()];
    let mut again = 0;
    for line in std::fs::read_to_string(used).unwrap().lines() {
        again += usize::from(Value::from_text(line).present(&nodes[0]).await);
    }
    say(&again.to_string());
    let house = House::new(&nodes[0]).await;
    for number in 0.. {
        let value = house.value(&nodes[number % 2], number).await;
        let won = race(&nodes, &value).await;
        say(&format!("{won} {}.", value.to_text()));
    }
}

/// How many of the callers were told that the value was good.
async fn race(nodes: &[Store; 2], value: &Value) -> usize {
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (store, value) = (nodes[number % 2].clone(), value.clone());
        callers.spawn(async move { value.present(&store).await });
    }
    callers.join_all().await.into_iter().filter(|is_good| *is_good).count()
}

fn say(text: &str) {
    println!("{text}");
    std::io::stdout().flush().unwrap();
}
