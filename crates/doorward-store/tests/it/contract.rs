//! What every database must do: each case runs against each of them.

mod audit;
mod backup;
mod budget;
mod device;
mod entry;
mod factor;
mod joining;
mod link;
mod look;
mod mail;
mod mailbox;
mod once;
mod race;
mod refresh;
mod schema;
mod session;
mod user;

macro_rules! cases {
    ($($file:ident: $($case:ident),+;)+) => {
        mod sqlite {
            use crate::it::place::Place;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case(&Place::sqlite()).await;
                }
            )+)+
        }

        mod postgres {
            use crate::it::place::Place;
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$file::$case(&Place::postgres().await).await;
                }
            )+)+
        }
    };
}

cases! {
    user:
        comes_back_as_it_was_stored,
        has_one_account_for_one_address,
        is_listed_in_the_order_of_bytes,
        changes_and_says_so_in_the_log,
        keeps_the_last_administrator,
        ends_every_session_when_disabled,
        changes_the_password_and_ends_the_other_sessions,
        rehashes_only_what_it_looked_at;
    session:
        lives_until_it_is_ended,
        signs_nobody_in_whose_password_changed_meanwhile,
        replaces_the_session_of_the_same_browser,
        steps_up_under_a_new_name,
        ends_all_but_one,
        is_touched_forward_only,
        is_swept_for_the_right_reason,
        is_loaded_in_batches;
    refresh:
        exchanges_a_token_once,
        reissues_when_the_answer_was_lost,
        notices_two_holders,
        notices_a_withdrawn_token,
        expires_with_its_time_and_its_session,
        knows_the_first_use_of_an_access_token;
    link:
        is_used_once,
        is_withdrawn_by_the_next_one,
        gives_no_more_than_was_invited,
        stays_open_where_the_address_is_taken,
        resets_a_password,
        recovers_an_account_once,
        resets_nothing_for_a_disabled_user,
        is_revoked_and_expires;
    look:
        finds_nothing_where_all_is_well,
        names_what_the_schema_lacks,
        tells_a_newer_program_and_a_lost_ledger,
        finds_no_fault_in_a_database_of_nobody;
    factor:
        is_enrolled_and_comes_back,
        is_enrolled_only_by_a_session_that_may,
        rests_on_its_evidence,
        keeps_the_last_one,
        ends_the_sessions_that_it_signed_in,
        begins_its_grace_once,
        is_taken_away_whole;
    once:
        a_step_is_used_once_whatever_the_clock_does,
        a_recovery_code_is_used_once,
        a_passkey_counter_must_rise,
        a_code_by_mail_has_five_tries_in_its_browser,
        a_challenge_is_taken_once,
        a_value_stays_good_where_nothing_follows,
        a_step_up_takes_its_tokens_along,
        one_of_many_proves,
        five_of_many_are_tried;
    device:
        is_trusted_by_two_factors_only,
        stands_in_until_it_is_forgotten,
        ends_with_what_it_rested_on,
        takes_along_what_it_signed_in,
        is_one_of_twenty,
        opens_one_app_only;
    mail:
        is_written_with_its_change_or_not_at_all,
        is_taken_by_one_and_tried_again,
        goes_before_what_strangers_have_caused,
        is_given_up_in_time,
        finds_no_room_beyond_its_bounds;
    mailbox:
        remembers_a_password_that_came_by_a_link,
        proves_the_address_that_an_invitation_was_mailed_to,
        takes_codes_by_mail_along_with_the_address,
        ends_what_codes_by_mail_have_signed_in,
        is_proven_by_a_reset_that_a_letter_held,
        knows_who_has_nothing_but_mail,
        keeps_only_what_can_be_used_here,
        leaves_room_for_those_who_are_signed_in;
    joining:
        verifies_an_address,
        registers_whom_it_was_sent_to,
        sets_up_once,
        binds_a_link_to_the_address,
        takes_factors_away_by_a_link;
    entry:
        enters_once_at_its_host_in_its_browser,
        lets_one_of_many_enter;
    budget:
        pays_from_all_or_from_none,
        survives_a_restart,
        is_given_back_and_cleared_by_a_sign_in,
        knows_twenty_browsers,
        lets_one_browser_stay_known_after_a_reset,
        begins_anew_with_what_is_enrolled_anew,
        forgets_in_time,
        keeps_strangers_within_bounds,
        forgets_no_full_mailbox_for_many_others;
    audit:
        answers_questions,
        finds_a_changed_record,
        finds_a_cut_end,
        finds_a_missing_or_moved_record,
        takes_any_text,
        counts_refusals_in_bounded_rows;
    schema:
        names_a_missing_column,
        names_a_missing_table_an_extra_column_and_a_lost_index,
        refuses_a_schema_that_is_ahead,
        refuses_a_changed_migration,
        migrates_once_under_two_openers,
        says_which_migrations_are_applied,
        brings_the_first_release_along;
    backup:
        moves_to_an_embedded_database,
        moves_to_a_server,
        replaces_only_when_told,
        brings_no_one_time_value_back,
        refuses_a_damaged_backup_whole;
    race:
        survives_being_killed,
        survives_calls_that_are_given_up,
        lets_one_of_many_use_a_link,
        lets_one_of_many_exchange_a_token,
        never_pays_more_than_the_budget,
        keeps_one_administrator,
        leaves_no_gap_in_the_chain;
}
