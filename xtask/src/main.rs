//! `cargo xtask`: everything a person does with this repository, as code.

mod bindings;
mod compare;
mod corpus;
mod demo;
mod device;
mod engine;
mod environment;
mod evaluate;
mod failure;
mod load;
mod mirror;
mod models;
mod pattern;
mod process;
mod progress;
mod screen;
mod store;
mod test;
mod text;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Everything a person does with this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = after_help())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Models(models::Options),
    Demo(demo::Options),
    Test(test::Options),
    Evaluate(evaluate::Options),
    Compare(compare::Options),
    Load(load::Options),
    Store(store::Options),
    Device(device::Options),
    #[command(hide = true)]
    Engine(engine::Options),
    #[command(hide = true)]
    Large(device::LargeOptions),
}

fn after_help() -> String {
    format!(
        "Areas of evaluate: {}\nAreas of compare:  {}\nSteps of test:     {}\n\n\
         `cargo xtask COMMAND --help` tells the options of a command.\n\
         Models and stores live in the user's cache directory, or in RUSHLIGHT_HOME.",
        evaluate::AREAS.join(", "),
        compare::AREAS.join(", "),
        test::names().join(", "),
    )
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Models(options) => models::run(&options),
        Command::Demo(options) => demo::run(options),
        Command::Test(options) => test::run(&options),
        Command::Evaluate(options) => evaluate::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Store(options) => store::run(options),
        Command::Device(options) => device::run(&options),
        Command::Engine(options) => engine::serve(options),
        Command::Large(options) => device::run_large(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
