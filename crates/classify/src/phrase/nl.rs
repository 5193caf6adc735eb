//! Dutch.

use super::Pack;

pub(super) const PACK: Pack = Pack {
    failed: &[
        "kon niet worden bezorgd",
        "kon niet worden afgeleverd",
        "kan niet worden bezorgd",
        "kan niet worden afgeleverd",
        "kon niet bezorgd worden",
        "is niet bezorgd",
        "niet afgeleverd",
        "bezorging is mislukt",
        "bezorging mislukt",
        "aflevering mislukt",
        "niet bestelbaar",
        "onbestelbaar",
        "bezorging bij deze",
        "niet worden afgeleverd",
    ],
    delayed: &["is vertraagd", "vertraagd", "nog niet bezorgd", "nog niet afgeleverd", "opnieuw geprobeerd"],
    gave_up: &["permanente fout", "definitief"],
    subject_failed: &[
        "onbestelbaar",
        "niet bestelbaar",
        "bezorging mislukt",
        "niet afgeleverd",
        "aflevering mislukt",
        "niet bezorgd",
        "statusmelding van bezorging",
    ],
    subject_delayed: &["vertraagd", "vertraging"],
};
