//! A container's life by `bollard`, against the daemon at `DOCKER_HOST`.

use anyhow::{Context, Result, ensure};
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::StartExecResults;
use bollard::models::{ContainerCreateBody, ExecConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder,
    LogsOptionsBuilder, RemoveContainerOptions, StartContainerOptions, WaitContainerOptions,
};
use futures_util::{Stream, StreamExt, TryStreamExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let docker = Docker::connect_with_unix_defaults()?.negotiate_version().await?;
    ensure!(docker.version().await?.api_version.is_some(), "no version");

    let words = |text: &str| Some(text.split(' ').map(String::from).collect::<Vec<_>>());
    let script = "trap 'exit 7' TERM; echo up; echo beside >&2; while :; do sleep 0.1; done";
    let create = ContainerCreateBody {
        image: Some("busybox".into()),
        cmd: Some(vec!["sh".into(), "-c".into(), script.into()]),
        env: words("A=b"),
        labels: Some([("who".to_string(), "bollard".to_string())].into()),
        ..Default::default()
    };
    let options = CreateContainerOptionsBuilder::default().name("bollard").build();
    let id = docker.create_container(Some(options), create).await?.id;

    let list = |all: bool| {
        let filters = [("label".to_string(), vec!["who=bollard".to_string()])].into();
        let options = ListContainersOptionsBuilder::default().all(all).filters(&filters).build();
        docker.list_containers(Some(options))
    };
    ensure!(list(false).await?.is_empty(), "it runs before it is started");
    let listed = list(true).await?;
    ensure!(listed.len() == 1 && listed[0].id.as_ref() == Some(&id), "{listed:?}");

    docker.start_container(&id, None::<StartContainerOptions>).await?;
    ensure!(list(false).await?.len() == 1, "it was started and doesn't run");

    let follow = LogsOptionsBuilder::default().stdout(true).stderr(true).follow(true).build();
    let mut logs = docker.logs(&id, Some(follow));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while out != b"up\n" || err != b"beside\n" {
        take(logs.next().await.context("the log ended")??, &mut out, &mut err)?;
    }

    let exec = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(["sh", "-c", "echo $A; echo beside >&2; exit 3"].map(String::from).to_vec()),
        ..Default::default()
    };
    let exec = docker.create_exec(&id, exec).await?.id;
    match docker.start_exec(&exec, None).await? {
        StartExecResults::Attached { output, .. } => {
            ensure!(both(output).await? == (b"b\n".to_vec(), b"beside\n".to_vec()), "exec says something else");
        }
        StartExecResults::Detached => anyhow::bail!("exec is detached"),
    }
    let exec = docker.inspect_exec(&exec).await?;
    ensure!(exec.exit_code == Some(3) && exec.running == Some(false), "{exec:?}");

    let mut wait = docker.wait_container(&id, None::<WaitContainerOptions>);
    let term = KillContainerOptionsBuilder::default().signal("TERM").build();
    let (ended, killed) = futures_util::future::join(wait.next(), docker.kill_container(&id, Some(term))).await;
    killed?;
    match ended {
        // bollard's way of saying that the status is not 0.
        Some(Err(Error::DockerContainerWaitError { code: 7, .. })) => {}
        other => anyhow::bail!("wait: {other:?}"),
    }
    ensure!(both(logs).await? == (vec![], vec![]), "the log goes on");
    let state = docker.inspect_container(&id, None::<InspectContainerOptions>).await?.state.context("a state")?;
    ensure!(state.running == Some(false) && state.exit_code == Some(7), "{state:?}");

    docker.remove_container(&id, None::<RemoveContainerOptions>).await?;
    ensure!(list(true).await?.is_empty(), "it was removed and is listed");
    match docker.inspect_container(&id, None::<InspectContainerOptions>).await {
        Err(Error::DockerResponseServerError { status_code: 404, message }) => {
            ensure!(message.contains("No such container"), "{message}");
            Ok(())
        }
        other => anyhow::bail!("a removed container: {other:?}"),
    }
}

/// Both streams to their ends.
async fn both(stream: impl Stream<Item = Result<LogOutput, Error>>) -> Result<(Vec<u8>, Vec<u8>)> {
    let pieces: Vec<LogOutput> = stream.try_collect().await?;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    pieces.into_iter().try_for_each(|piece| take(piece, &mut out, &mut err))?;
    Ok((out, err))
}

fn take(piece: LogOutput, out: &mut Vec<u8>, err: &mut Vec<u8>) -> Result<()> {
    match piece {
        LogOutput::StdOut { message } => out.extend(message),
        LogOutput::StdErr { message } => err.extend(message),
        other => anyhow::bail!("another stream: {other:?}"),
    }
    Ok(())
}
