//! What `mydocker --help` says.

pub const HELP: &str = "\
mydocker: the container runtime that you write, one function per exercise.

    cargo run -p mydocker -- run sh                      a shell in a container
    cargo run -p mydocker -- run --hostname boat sh      with this host name
    cargo run -p mydocker -- run -d --name web sleep 99  in the background
    cargo run -p mydocker -- ps                          list running containers
    cargo run -p mydocker -- exec web ps -e              a second process in it
    cargo run -p mydocker -- import app <app.tar         an image with one layer

Usage: mydocker run [OPTIONS] COMMAND [ARG...]   (an image may have its own command)
       mydocker exec [-it] [-w DIR] NAME|PID COMMAND [ARG...]
       mydocker ps [-a]            (-a: also containers with -d that have ended)
       mydocker logs [-f] NAME     (of a container with -d; -f: until it ends)
       mydocker stop [-t SECONDS] NAME|PID  (SIGTERM, and SIGKILL after 10 seconds)
       mydocker rm NAME            (removes the log and the name of an ended container)
       mydocker pause NAME|PID     (needs a container with a limit, and so a cgroup)
       mydocker unpause NAME|PID
       mydocker diff NAME          (lists the changed files, also after the end)
       mydocker import [--parent IMAGE] [--storage DRIVER] NAME  (tar archive on stdin)
       mydocker load               (archive of docker save on stdin)
       mydocker pull HOST:PORT/NAME[:TAG]   (from a registry on this machine)
       mydocker build -t NAME DIRECTORY   (a Dockerfile with FROM, COPY, RUN, CMD)

Options of run (with the default in parentheses):
    --name NAME       the container's name for exec, logs, stop and rm (mydocker)
    -d                run in the background: print the name, write the output to a log
    -t                give the container its own terminal. Without -t it uses yours
    --hostname NAME   the container's host name (mydocker)
    --boottime AHEAD  move the container's boot clock ahead: 90, 90s, 15m, 2h, +1d
    --init            PID 1 is an init, and the command is its child
    -w DIR            the command's working directory (/)
    --privileged      keep all capabilities and allow all system calls. Without it, the
                      container has Docker's 14 capabilities and can't make namespaces
    --security-opt no-new-privileges
                      the command gains no privileges by setuid programs. PID 1 is then
                      mydocker, which waits for the command
    --cpus N          at most N processors, such as 0.5 or 1.5
    --memory BYTES    at most this much memory, such as 64m, and no swap
    --pids N          at most N processes and threads
    -v SRC:DST[:ro]   mount the directory or file SRC at DST; with ro read-only
    --network MODE    none: only lo. bridge: an address on mydocker's bridge, and
                      a way to other machines. host: the network of this machine, or of
                      the lab
    -p [IP:]HOST:CONTAINER
                      forward connections from this TCP port of your machine to the
                      container's port. Implies --network bridge, and also works in the
                      lab. Without IP everybody can connect; 127.0.0.1: only you
    --image NAME      the image. Without it, the root has this machine's programs
    --storage DRIVER  overlay: mount the image's layers as a union. vfs: copy the image
                      (overlay)
    --no-lab          run on this machine itself. Without it, the container runs in a
                      lab: a simulated host, where mistakes do no harm. A lab ends
                      with its container, also with -d

--network bridge needs nft. An ordinary user may not make a bridge on the machine, so
the bridge is in a network namespace that only this container uses. For root with
--no-lab, the bridge is on the machine: mydocker0 stays after the container, and so
does a table of nft with the same name.

An image has one layer, or it has a parent image below its layer. The image hostbox
always exists and contains this machine's programs. For --storage vfs, import the
image with the same option.

A container with -d runs until its command ends, somebody kills it, or the machine
shuts down. Nothing starts it again. Its log has at most 3 files of 10 MB. Its name
is in use until `mydocker rm`.

exec gives its command the same capabilities and the same filter as the container has.
stdin is always passed on, so -i changes nothing. A command gets only PATH, HOME and
TERM of your environment.

The steps are in exercises/mydocker/src/run.rs. Each step calls a function of yours
(`cargo wb` shows the next exercise), or the sample solution if you haven't written
the function yet.

Exit codes are Docker's: the command's own; 128+N if signal N killed it; 125 for an
error of mydocker; 126 if the command isn't executable; 127 if it doesn't exist.";
