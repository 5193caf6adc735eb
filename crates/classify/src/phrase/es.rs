//! Spanish.

use super::Pack;

pub(super) const PACK: Pack = Pack {
    failed: &[
        "no pudo ser entregado",
        "no se pudo entregar",
        "no se ha podido entregar",
        "no ha podido ser entregado",
        "no pudo entregarse",
        "no ha sido entregado",
        "no fue entregado",
        "error de entrega",
        "error en la entrega",
        "no se puede entregar",
        "imposible entregar",
        "no entregable",
        "no ha llegado a los siguientes",
        "entrega fallida",
        "falló la entrega",
    ],
    delayed: &[
        "se ha retrasado",
        "retrasada",
        "demorado",
        "aún no se ha entregado",
        "se seguirá intentando",
        "todavía no se ha",
    ],
    gave_up: &["error permanente", "de forma permanente", "definitivamente"],
    subject_failed: &[
        "no se puede entregar",
        "no entregado",
        "no entregable",
        "error de entrega",
        "entrega fallida",
        "notificación de estado de entrega",
        "mensaje devuelto",
        "correo devuelto",
    ],
    subject_delayed: &["retraso en la entrega", "entrega retrasada", "retrasado"],
};
