//! How well requests become commands: one `kubectl` command each, planned from cards with and without a grammar.

mod case;
mod check;
mod command;
mod help;
mod kinds;
mod plan;
mod rules;
mod run;
mod score;
mod shell;

pub(super) use run::run;
