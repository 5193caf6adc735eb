//! The way of a mail, stage by stage.
