# Part of install.sh: a root that is only read from the next start on. What has to be written has a place of its own: records on a partition
# of theirs, releases on one if updates shall come one by one, and what may be forgotten in memory.

READ_ONLY_MARK="# yikatong: a root that is only read"
# Nothing of these counts after a start. The log of the system lives in memory anyhow.
FORGOTTEN="/tmp /var/tmp /var/log /var/spool /var/lib/systemd /var/lib/NetworkManager /var/lib/dhcp"

# One field of the line of fstab that names a place: 3 its kind, 4 its options.
mount_field() { # place field
	awk -v place="$1" -v field="$2" '$1 !~ /^#/ && $2 == place { print $field; exit }' "$ROOT/etc/fstab" 2>/dev/null
}
has_option() { case ",$1," in *",$2,"*) return 0 ;; *) return 1 ;; esac; }

# Asked before anything is changed: records that were written below the place of a partition would be out of sight after the next start.
check_read_only_root() {
	[ -n "$READ_ONLY" ] || return 0
	[ -n "$(mount_field / 3)" ] || fail $E_SYSTEM "/etc/fstab names no root"
	kind=$(mount_field /var/lib/yikatong 3) options=$(mount_field /var/lib/yikatong 4)
	case $kind in
	'') fail $E_REFUSED "/etc/fstab has no partition for /var/lib/yikatong: on a root that is only read there would be no records" ;;
	tmpfs | ramfs | overlay | squashfs | vfat | exfat) fail $E_REFUSED "/var/lib/yikatong is $kind in /etc/fstab: records want a file system that outlives a power cut (ext4)" ;;
	esac
	for option in ro noauto; do
		! has_option "$options" "$option" || fail $E_REFUSED "/var/lib/yikatong has the option $option in /etc/fstab: records could not be written"
	done
	! live || mountpoint -q /var/lib/yikatong || fail $E_REFUSED "the partition of /var/lib/yikatong is not mounted: mount it first, so that nothing is written below it"
	[ -n "$(mount_field /opt/yikatong 3)" ] ||
		say "      /etc/fstab has no partition for /opt/yikatong: releases will come with whole systems only (docs/releases.md)"
}

forgotten_lines() {
	say "$READ_ONLY_MARK"
	for path in $FORGOTTEN; do
		# Only what this system has, and what has no partition of its own.
		[ -d "$ROOT$path" ] || continue
		case $(mount_field "$path" 3) in '' | tmpfs) ;; *) continue ;; esac
		case $path in */tmp) mode=1777 ;; *) mode=755 ;; esac
		say "tmpfs $path tmpfs nosuid,nodev,size=64m,mode=$mode 0 0"
	done
}

read_only_root() {
	step "the root of the system"
	[ -n "$READ_ONLY" ] || { say "      stays as it is"; return 0; }
	made=$(mktemp) && ours=$(mktemp) || fail $E_FAILED "there is no room for a small file"
	forgotten_lines >"$ours"
	# Our lines go to the end, once; whatever else stands there stays, also behind them.
	awk '
		NR == FNR { ours[$0] = 1; next }
		$0 in ours { next }
		$2 == "/" && $1 !~ /^#/ && ("," $4 ",") !~ /,ro,/ { sub(/(^|,)rw(,|$)/, ",", $4); sub(/^,/, "", $4); sub(/,$/, "", $4); $4 = ($4 == "" || $4 == "defaults") ? "defaults,ro" : $4 ",ro" }
		{ print }' "$ours" "$ROOT/etc/fstab" >"$made"
	cat "$ours" >>"$made"
	place "$made" etc/fstab 644
	rm -f "$made" "$ours"
	# The manager of networks writes beside itself what it writes, and a plain file in /etc would keep the names of an older network.
	if [ -x "$ROOT/usr/sbin/NetworkManager" ] && [ ! -L "$ROOT/etc/resolv.conf" ]; then
		change "/etc/resolv.conf" link_at /run/NetworkManager/resolv.conf "$ROOT/etc/resolv.conf"
	fi
}
