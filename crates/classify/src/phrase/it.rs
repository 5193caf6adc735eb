//! Italian.

use super::Pack;

pub(super) const PACK: Pack = Pack {
    failed: &[
        "non è stato possibile recapitare",
        "non è stato possibile consegnare",
        "impossibile recapitare",
        "impossibile consegnare",
        "recapito non riuscito",
        "recapito non è riuscito",
        "mancato recapito",
        "non è stato recapitato",
        "non è stato consegnato",
        "non può essere consegnato",
        "non può essere recapitato",
        "mancata consegna",
        "consegna fallita",
        "non recapitabile",
    ],
    delayed: &["in ritardo", "è stato ritardato", "non è ancora stato", "ulteriori tentativi", "ritardata"],
    gave_up: &["errore permanente", "definitivamente"],
    subject_failed: &[
        "non recapitabile",
        "mancato recapito",
        "mancata consegna",
        "impossibile recapitare",
        "recapito non riuscito",
        "notifica sullo stato del recapito",
        "messaggio respinto",
        "avviso di mancata consegna",
    ],
    subject_delayed: &["ritardo", "recapito ritardato"],
};
