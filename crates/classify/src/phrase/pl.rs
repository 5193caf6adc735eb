//! Polish.

use super::Pack;

pub(super) const PACK: Pack = Pack {
    failed: &[
        "nie mogła zostać dostarczona",
        "nie mogła być dostarczona",
        "nie została dostarczona",
        "nie można dostarczyć",
        "nie udało się dostarczyć",
        "niedostarczon",
        "błąd dostarczania",
        "nie powiodło się",
        "dostarczenie wiadomości do następujących",
        "niedoręczon",
    ],
    delayed: &["opóźnion", "jeszcze nie została dostarczona", "ponawiane", "kolejne próby"],
    gave_up: &["błąd trwały", "trwały błąd"],
    subject_failed: &[
        "niedostarczon",
        "nie dostarczono",
        "nie można dostarczyć",
        "zwrot poczty",
        "błąd dostarczania",
        "powiadomienie o stanie dostarczenia",
        "zwrócona wiadomość",
    ],
    subject_delayed: &["opóźnion"],
};
