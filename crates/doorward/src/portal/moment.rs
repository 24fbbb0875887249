//! A moment as a page shows it: exact for programs, readable for people, local where the client can.

use doorward_core::UnixTime;
use doorward_core::language::Language;

use super::catalogue::place::MONTHS;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub UnixTime);

impl Moment {
    /// The attribute `datetime` (RFC 3339).
    pub(crate) fn iso(self) -> String {
        self.0.to_rfc3339()
    }

    /// In words and UTC, since the server does not know where the visitor is.
    pub(crate) fn text(self, language: Language) -> String {
        let iso = self.iso();
        let parts = || {
            let (date, time) = iso.split_once('T')?;
            let mut date = date.rsplitn(3, '-');
            let (day, month, year) = (date.next()?, date.next()?, date.next()?);
            let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?.in_(language);
            let (day, time) = (day.trim_start_matches('0'), time.get(..5)?);
            Some(match language {
                Language::English => format!("{day} {month} {year}, {time} UTC"),
                Language::German => format!("{day}. {month} {year}, {time} UTC"),
            })
        };
        parts().unwrap_or(iso.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_people_write_them() {
        let moment = Moment(UnixTime(951_827_696));
        assert_eq!(moment.text(Language::English), "29 February 2000, 12:34 UTC");
        assert_eq!(moment.text(Language::German), "29. Februar 2000, 12:34 UTC");
        assert_eq!(Moment(UnixTime(1_767_225_600)).text(Language::English), "1 January 2026, 00:00 UTC");
    }
}
