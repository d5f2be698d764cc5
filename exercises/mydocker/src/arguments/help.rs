//! What `mydocker --help` says.

pub const HELP: &str = "\
mydocker: the container runtime that you write, one function an exercise.

    cargo run -p mydocker -- run sh                      a shell in a container
    cargo run -p mydocker -- run --hostname boat sh      with that hostname
    cargo run -p mydocker -- run -d --name web sleep 99  in the background
    cargo run -p mydocker -- ps                          what runs
    cargo run -p mydocker -- exec web ps -e              a second process in it
    cargo run -p mydocker -- import app <app.tar         an image of one layer

Usage: mydocker run [OPTIONS] COMMAND [ARG...]   (an image may have a command of its own)
       mydocker exec [-it] [-w DIR] NAME|PID COMMAND [ARG...]
       mydocker ps [-a]            (-a: also those in the background that have ended)
       mydocker logs [-f] NAME     (of one in the background; -f: until it ends)
       mydocker stop [-t SECONDS] NAME|PID  (SIGTERM, and SIGKILL 10 seconds later)
       mydocker rm NAME            (what is kept of one that has ended)
       mydocker pause NAME|PID     (one that has a limit: it has a cgroup)
       mydocker unpause NAME|PID
       mydocker diff NAME          (what a container has changed; also after its end)
       mydocker import [--parent IMAGE] [--storage DRIVER] NAME  (a tar archive, from stdin)
       mydocker load               (what docker save wrote, from stdin)
       mydocker pull HOST:PORT/NAME[:TAG]   (from a registry on this machine)
       mydocker build -t NAME DIRECTORY   (a Dockerfile: FROM, COPY, RUN, CMD)

Options of run:
    --name NAME       what exec calls the container (mydocker)
    -d                in the background: its name is printed, its output goes to a log
    -t                a terminal of its own. Without it, yours is passed on
    --hostname NAME   the container's hostname (mydocker)
    --boottime AHEAD  how far its boot clock is ahead of the machine's: 90, 90s,
                      15m, 2h, +1d
    --init            an init is PID 1, and the command its child
    -w DIR            the command's working directory (/)
    --privileged      all of root's powers and all system calls. Usually root keeps
                      Docker's 14 capabilities, and can make no namespaces
    --security-opt no-new-privileges
                      the command gains nothing by setuid programs. It is the child
                      of a PID 1 that waits for it
    --cpus N          at most N processors, such as 0.5 or 1.5
    --memory BYTES    at most this much memory, such as 64m, and no swap beyond it
    --pids N          at most N processes and threads
    -v SRC:DST[:ro]   shows the directory or file SRC at DST in the container; ro: to
                      be read only
    --network MODE    none: only lo; bridge: an address on a bridge of mydocker's,
                      and a way out; host: this machine's network, or the lab's (none)
    -p [IP:]HOST:CONTAINER
                      who connects to this TCP port of the machine's, also with the
                      lab, reaches the container's; it is on a bridge then. Without
                      IP that is everybody; 127.0.0.1: only you
    --image NAME      an image's files; without one, this machine's programs
    --storage DRIVER  overlay: the image's layers, united, and a directory for the
                      changes; vfs: a copy of the image (overlay)
    --no-lab          on this machine itself; usually it all happens in the lab,
                      a throwaway host, where a wrong step changes nothing. The lab
                      ends with the container, also with one in the background

A bridge needs nft. An ordinary user may not make one on the machine: it is in a
network namespace then, which is the container's alone. As root with --no-lab it is
on the machine: mydocker0, which stays, and a table of nft's of the same name.

An image stands by itself, or on another one, its parent: hostbox is always there,
this machine's programs. With vfs an image is imported for it, too.

A container in the background, and the processes that look after it, end when they are
killed or the machine is shut down; nothing starts it again. Its log has 3 files of
10 MB at most. It keeps its name until `mydocker rm`.

A command of exec has the powers that the container has. stdin is always passed on;
Docker's -i is taken and changes nothing. Of the caller's environment a command gets
PATH, HOME and TERM.

The steps are in exercises/mydocker/src/run.rs; each calls a function that you
have written (`cargo wb` says which is next), or one lent from the solutions.

Exit codes are Docker's: the command's own, 128+N if signal N killed it, 125 an
error of mydocker's, 126 the command isn't executable, 127 it isn't there.";
