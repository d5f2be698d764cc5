# Becomes systemd, as PID 1 of a PID namespace with mounts of its own: a machine of systemd's in a group of the lab's.
# Run by systemd.rs: sh systemd.sh GROUP UID
set -e
group=$1 uid=$2
echo 0 >"$group/cgroup.procs"
mount -t tmpfs none /run
mkdir -p /run/dbus /run/systemd/system "/run/user/$uid" /tmp/etc /tmp/etc-work
chown "$uid" "/run/user/$uid"
mount -t overlay -o lowerdir=/etc,upperdir=/tmp/etc,workdir=/tmp/etc-work none /etc
echo "boatman:*:$uid:$uid::/tmp:/bin/sh" >>/etc/passwd
echo "boatman:x:$uid:" >>/etc/group

# Nothing but the two that a user's scope takes: the bus by which the user's manager asks the machine's to move a process
# there, and the user's manager.
units=/etc/systemd/system
for unit in dbus.socket dbus.service; do
    mkdir -p "$units/$unit.d"
    printf '[Unit]\nDefaultDependencies=no\n' >"$units/$unit.d/alone.conf"
done
cat >"$units/user@.service" <<'UNIT'
[Unit]
DefaultDependencies=no
After=dbus.service
[Service]
Type=notify
User=%i
Slice=user-%i.slice
Delegate=cpu memory pids
Environment=XDG_RUNTIME_DIR=/run/user/%i
ExecStart=/lib/systemd/systemd --user --unit=basic.target
UNIT
cat >"$units/lab.target" <<UNIT
[Unit]
DefaultDependencies=no
Requires=dbus.service user@$uid.service
UNIT
exec env -i container=lab PATH=/usr/bin:/bin:/usr/sbin:/sbin /lib/systemd/systemd --unit=lab.target --log-target=kmsg
