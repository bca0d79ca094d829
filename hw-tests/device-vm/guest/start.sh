#!/bin/sh
# The guest's only start-up: what a Debian system would have brought up, then the cases, then off. The host's tree is the root, read-only
# below an overlay that ends with the machine; nothing of this outlives it.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t tmpfs tmpfs /run
mkdir -p /dev/shm /dev/pts /run/pcscd /run/udev/rules.d
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
mount -t configfs configfs /sys/kernel/config
# This kernel's modules were loaded before; the host's tree has none for it.
echo > /proc/sys/kernel/modprobe
# A machine whose host has forgotten it switches itself off.
(sleep "$VM_LIMIT_SECONDS"; busybox poweroff -f) &
cat > /run/udev/rules.d/70-yikatong.rules << 'RULES'
SUBSYSTEM=="tty", ATTRS{idVendor}=="0403", ATTRS{serial}=="PRINTER1", SYMLINK+="yikatong/printer"
RULES
/lib/systemd/systemd-udevd --daemon
udevadm trigger --subsystem-match=usb --subsystem-match=tty --subsystem-match=hidraw
pcscd --foreground --error > /run/pcscd.log 2>&1 &
cd "$VM_PROJECT" || busybox poweroff -f
"$VM_NODE" "$VM_MAIN"
echo "the cases ended with $?"
cat /run/pcscd.log
busybox poweroff -f
