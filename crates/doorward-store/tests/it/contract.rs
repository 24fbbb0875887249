//! What every database must do: each case runs against each of them.

mod user;

macro_rules! cases {
    ($($file:ident: $($case:ident),+;)+) => {
        mod sqlite {
            use crate::it::place::Place;
            $($(
                #[tokio::test]
                async fn $case() {
                    super::$file::$case(&Place::sqlite().await).await;
                }
            )+)+
        }
    };
}

cases! {
    user: comes_back_as_it_was_stored;
}
