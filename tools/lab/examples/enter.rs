//! Runs a command in a lab, to look around: `cargo run -p lab --example enter -- [--as-caller]
//! [--seconds N] [--processes N] [--own-cgroups] COMMAND…`

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    lab::enter_if_asked();
    let mut arguments = std::env::args_os().skip(1).peekable();
    let mut lab = lab::Lab::new();
    if arguments.next_if(|argument| argument == "--as-caller").is_some() {
        lab = lab::Lab::as_caller();
    }
    if arguments.next_if(|argument| argument == "--seconds").is_some() {
        let seconds = arguments.next().and_then(|number| number.to_str()?.parse().ok()).unwrap_or(10);
        lab = lab.time_limit(Duration::from_secs(seconds));
    }
    if arguments.next_if(|argument| argument == "--processes").is_some() {
        let processes = arguments.next().and_then(|number| number.to_str()?.parse().ok());
        lab = lab.limits(lab::Limits { processes, ..Default::default() });
    }
    if arguments.next_if(|argument| argument == "--own-cgroups").is_some() {
        lab = lab.own_cgroups();
    }
    let program = arguments.next().unwrap_or_else(|| "sh".into());
    match lab.command(program).args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().unwrap_or(lab::CANNOT_ENTER) as u8),
        Err(error) => {
            eprintln!("enter: {error}");
            ExitCode::from(lab::CANNOT_ENTER as u8)
        }
    }
}
