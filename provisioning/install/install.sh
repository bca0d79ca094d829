#!/bin/sh
# Goal: a blank machine becomes one that can run the terminal; run again, or after it was killed anywhere, it ends in the same state.
# Method: every step looks at what is there and changes only what differs. A file is written beside and renamed, a release gets its name when all
# of it is on the disk, users come from a declaration. Nothing here ever opens, moves or removes a record of money, but for the one purge that says so.
set -u
umask 022
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

HERE=$(cd "$(dirname "$0")" && pwd) || exit 1
. "$HERE/bundle-check.sh"
. "$HERE/read-only-root.sh"
PACKAGES="pcscd libccid libpcsclite1 libusb-1.0-0 libudev1 udev ca-certificates systemd-timesyncd"
ROLES="scanner printer display pad keypad gate"
SPACE_KB=400000
STEPS=9

E_USAGE=2 E_RIGHTS=3 E_SYSTEM=4 E_PACKAGES=5 E_RELEASE=6 E_REFUSED=7 E_SPACE=8 E_BUSY=9 E_FAILED=1

ROOT= BUNDLE= RELEASE= DRY= UNINSTALL= PURGE= DESTROY= READ_ONLY= TIME_SERVER= DEVICES= OFFLINE= START=yes PACKAGES_ONLY= KEYS_GIVEN= UNSIGNED= OPENED= stage=
STEP=0

usage() {
	cat <<'TEXT'
usage: install.sh [--bundle FILE [--release-keys FILE] | --release FOLDER] [options]
       install.sh --uninstall [--purge-records --destroy-records-of TERMINAL]

  --bundle FILE         a release bundle (yikatong-<version>-linux-<arch>.bundle)
  --release-keys FILE   who may sign the bundle, and every update after it; left out: as this machine knows them, or else release-keys beside the bundle
  --unsigned-bundle     takes a bundle whoever has signed it: for a bench
  --release FOLDER      an unpacked release; it carries no signature
  --root FOLDER         installs into the root of an image instead of this machine
  --time-server NAME    the time server of this place; left out: as the system has it
  --device ROLE=PORT    names the USB port of a device, such as printer=1-1.3; may be repeated
  --read-only-root      the system is mounted read-only from the next start on
  --offline             asks no package server: what is missing is an error
  --packages-only       installs the packages and nothing else, as for an image
  --no-start            starts nothing
  --dry-run             says what would be done, and does nothing
  --uninstall           takes away what was installed; records stay
  --purge-records       with --uninstall: records go too, if nothing waits for the host
  --destroy-records-of TERMINAL   the terminal's name, typed by whoever answers for it

exit codes: 0 done, 1 a step failed, 2 usage, 3 not root, 4 this system is not supported, 5 packages, 6 the release is not whole or not signed,
            7 refused for the sake of records, 8 too little space, 9 another run is under way
TEXT
}

say() { printf '%s\n' "$1"; }
fail() { # code text
	printf 'install: %s\n' "$2" >&2
	exit "$1"
}
step() {
	STEP=$((STEP + 1))
	printf '[%s/%s] %s\n' "$STEP" "$STEPS" "$1"
}

# Does a thing, or says that it would be done.
change() { # what command...
	what=$1
	shift
	if [ -n "$DRY" ]; then
		say "      would: $what"
		return 0
	fi
	"$@" || fail $E_FAILED "it did not work: $what"
	say "      $what"
}

read_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--bundle | --release-keys | --release | --root | --time-server | --device | --destroy-records-of)
			[ $# -ge 2 ] || { usage >&2; fail $E_USAGE "$1 needs a value"; }
			case $1 in
			--bundle) BUNDLE=$2 ;;
			--release-keys) KEYS_GIVEN=$2 ;;
			--release) RELEASE=$2 ;;
			--root) ROOT=${2%/} ;;
			--time-server) TIME_SERVER=$2 ;;
			--device) DEVICES="$DEVICES $2" ;;
			--destroy-records-of) DESTROY=$2 ;;
			esac
			shift 2
			continue
			;;
		--read-only-root) READ_ONLY=yes ;;
		--unsigned-bundle) UNSIGNED=yes ;;
		--offline) OFFLINE=yes ;;
		--packages-only) PACKAGES_ONLY=yes ;;
		--no-start) START= ;;
		--dry-run) DRY=yes ;;
		--uninstall) UNINSTALL=yes ;;
		--purge-records) PURGE=yes ;;
		--help | -h) usage; exit 0 ;;
		*) usage >&2; fail $E_USAGE "what is $1?" ;;
		esac
		shift
	done
	[ -z "$BUNDLE" ] || [ -z "$RELEASE" ] || fail $E_USAGE "a bundle or a folder, not both"
	[ -z "$KEYS_GIVEN" ] || [ -f "$KEYS_GIVEN" ] || fail $E_USAGE "there is no file $KEYS_GIVEN"
	[ -z "$KEYS_GIVEN" ] || [ -z "$UNSIGNED" ] || fail $E_USAGE "either somebody's signature counts or nobody's"
	[ -z "$ROOT" ] || [ -d "$ROOT" ] || fail $E_USAGE "there is no folder $ROOT"
	[ -z "$PURGE" ] || [ -n "$UNINSTALL" ] || fail $E_USAGE "--purge-records goes with --uninstall"
	case $TIME_SERVER in *[!A-Za-z0-9.:\ -]*) fail $E_USAGE "$TIME_SERVER is no name of a time server" ;; esac
	for device in $DEVICES; do check_device "$device"; done
}

check_device() {
	role=${1%%=*} port=${1#*=}
	case " $ROLES " in *" $role "*) ;; *) fail $E_USAGE "$role is no role; roles: $ROLES" ;; esac
	case $port in [0-9]*-[0-9]*) ;; *) fail $E_USAGE "$1: a port looks like 1-1.3 (udevadm info shows it)" ;; esac
	case $port in *[!0-9.-]*) fail $E_USAGE "$1: a port looks like 1-1.3" ;; esac
}

# Of the machine itself, and not of an image.
live() { [ -z "$ROOT" ] && [ -d /run/systemd/system ]; }
inside() { if [ -n "$ROOT" ]; then chroot "$ROOT" "$@"; else "$@"; fi; }

check_system() {
	step "the system"
	[ -n "$DRY" ] || [ "$(id -u)" = 0 ] || fail $E_RIGHTS "this changes the system: run it as root"
	[ -r "$ROOT/etc/os-release" ] || fail $E_SYSTEM "there is no system in ${ROOT:-/}"
	id=$(sed -n 's/^ID=//p' "$ROOT/etc/os-release" | tr -d '"')
	version=$(sed -n 's/^VERSION_ID=//p' "$ROOT/etc/os-release" | tr -d '"')
	case $id/$version in
	debian/12 | debian/13 | raspbian/12 | raspbian/13) ;;
	*) fail $E_SYSTEM "$id $version is not supported: Debian 12, Debian 13, or Raspberry Pi OS of the same versions (64-bit)" ;;
	esac
	arch=$(inside dpkg --print-architecture) || fail $E_SYSTEM "dpkg does not answer"
	case $arch in amd64) ARCH=x64 ;; arm64) ARCH=arm64 ;; *) fail $E_SYSTEM "$arch is not supported: 64-bit ARM or x86 only" ;; esac
	say "      $id $version, $ARCH"
	# Root may write anywhere but there.
	[ -n "$DRY" ] || [ -w "$ROOT/etc" ] || fail $E_SYSTEM "the system is only read: mount -o remount,rw / first; the next start makes it so again"
	check_read_only_root
	[ -n "$DRY" ] && return 0
	mkdir -p "$ROOT/run/lock" || fail $E_FAILED "there is no place for the lock"
	exec 9>"$ROOT/run/lock/yikatong-install" || fail $E_FAILED "the lock cannot be taken"
	flock -n 9 || fail $E_BUSY "another run is under way"
}

has_package() { [ "$(inside dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_packages() {
	step "packages"
	missing=
	for package in $PACKAGES; do has_package "$package" || missing="$missing $package"; done
	[ -n "$missing" ] || return 0
	[ -z "$DRY" ] || { say "      would install:$missing"; return 0; }
	[ -z "$OFFLINE" ] || fail $E_PACKAGES "these packages are missing, and no server may be asked:$missing"
	say "      installing:$missing"
	export DEBIAN_FRONTEND=noninteractive
	# A run that was cut off leaves packages half configured.
	inside dpkg --configure -a >&2 || fail $E_PACKAGES "dpkg --configure -a failed: mend the packages first"
	inside apt-get -qq -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root update >&2 || fail $E_PACKAGES "the package server cannot be reached"
	# shellcheck disable=SC2086
	inside apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root install --no-install-recommends $missing >&2 ||
		fail $E_PACKAGES "these packages could not be installed:$missing"
}

# Users are declared, so that a second run finds them and a cut leaves the old or the new files.
make_user() {
	step "the user of the service"
	put_file files/sysusers.conf usr/lib/sysusers.d/yikatong.conf 644
	[ -n "$DRY" ] || rm -f "$ROOT"/etc/.#passwd* "$ROOT"/etc/.#group* "$ROOT"/etc/.#shadow* "$ROOT"/etc/.#gshadow*
	if grep -q '^yikatong:' "$ROOT/etc/passwd" && in_groups; then return 0; fi
	change "user yikatong, in its groups" systemd_sysusers
}
in_groups() {
	for group in dialout plugdev gpio; do grep -Eq "^$group:.*[:,]yikatong(,|\$)" "$ROOT/etc/group" || return 1; done
}
systemd_sysusers() { systemd-sysusers ${ROOT:+--root="$ROOT"} "$ROOT/usr/lib/sysusers.d/yikatong.conf" >/dev/null 2>&1; }

uid_of() { sed -n "s/^$1:[^:]*:\([0-9]*\):.*/\1/p" "$ROOT/etc/$2"; }

# A folder with its owner and mode, whatever is there.
folder() { # path owner mode
	path=$ROOT/$1
	if [ -n "$DRY" ]; then
		[ -d "$path" ] || say "      would: folder /$1"
		return 0
	fi
	if [ "$2" = root ]; then user=0 group=0; else user=$(uid_of "$2" passwd) group=$(uid_of "$2" group); fi
	[ -d "$path" ] || mkdir -p "$path" || fail $E_FAILED "the folder /$1 cannot be made"
	[ "$(stat -c '%u:%g:%a' "$path")" = "$user:$group:$3" ] && return 0
	chown "$user:$group" "$path" && chmod "$3" "$path" || fail $E_FAILED "the folder /$1 cannot be given to $2"
	say "      /$1"
}

make_folders() {
	step "folders"
	folder opt/yikatong root 755
	folder opt/yikatong/releases root 755
	folder opt/yikatong/boot root 755
	folder etc/yikatong root 755
	for name in "" /config /identity /journal /update /update/incoming; do folder "var/lib/yikatong$name" yikatong 700; done
}

# Replaces a file where it differs: written beside, flushed, renamed.
place() { # source target mode ; source is a path of this machine
	target=$ROOT/$2
	if [ -f "$target" ] && [ ! -L "$target" ] && cmp -s "$1" "$target" && [ "$(stat -c '%a:%u:%g' "$target")" = "$3:0:0" ]; then return 0; fi
	change "/$2" place_file "$1" "$target" "$3"
}
place_file() {
	mkdir -p "$(dirname "$2")" && rm -f "$2.unfinished" && cp "$1" "$2.unfinished" && chown 0:0 "$2.unfinished" && chmod "$3" "$2.unfinished" &&
		sync "$2.unfinished" && mv -fT "$2.unfinished" "$2"
}
put_file() { place "$HERE/$1" "$2" "$3"; }
# The same for a few lines that are made here.
put_text() { # target text
	made=$(mktemp) || fail $E_FAILED "there is no room for a small file"
	printf '%s\n' "$2" >"$made"
	place "$made" "$1" 644
	rm -f "$made"
}

# What a cut may have left beside.
sweep() {
	[ -n "$DRY" ] && return 0
	rm -rf "$ROOT"/opt/yikatong/releases/.unfinished-* "$ROOT"/opt/yikatong/current.unfinished "$ROOT"/usr/local/bin/yikatong.unfinished
	find "$ROOT"/etc/systemd "$ROOT"/etc/udev "$ROOT"/etc/polkit-1 "$ROOT"/etc/sysctl.d "$ROOT"/etc/yikatong "$ROOT"/etc/fstab.unfinished "$ROOT"/opt/yikatong/boot \
		"$ROOT"/usr/lib/sysusers.d "$ROOT"/usr/lib/tmpfiles.d -xdev -name '*.unfinished' -exec rm -f {} + 2>/dev/null
	return 0
}

member() { sed -n "s/.*\"$2\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p" "$1" | head -n 1; }

# Every file of the release against the manifest, by the release's own runtime.
CHECK_FILES='
const { createHash } = require("node:crypto"), { readFileSync, statSync } = require("node:fs"), { join } = require("node:path");
const root = process.argv[1], manifest = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
for (const { path, size, sm3, mode } of manifest.files ?? []) {
  if (path.startsWith("/") || path.split("/").includes("..")) throw new Error(path + " leads out of the release");
  const bytes = readFileSync(join(root, path));
  if (bytes.length !== size || createHash("sm3").update(bytes).digest("hex") !== sm3) throw new Error(path + " is not what the manifest says");
  if ((statSync(join(root, path)).mode & 0o777).toString(8) !== mode) throw new Error(path + " has another mode");
}'

unpack_release() { # into
	if [ -n "$BUNDLE" ]; then
		cp "$OPENED/manifest.json" "$OPENED/manifest.sig" "$1/" && tar -xf "$BUNDLE" -C "$1" --no-same-owner payload.tar.gz 2>/dev/null || return 1
		check_payload "$1" || fail $E_RELEASE "the bundle is damaged: it is not what was signed"
		tar -xzf "$1/payload.tar.gz" -C "$1" --no-same-owner --exclude=manifest.json && rm -f "$1/payload.tar.gz" "$1/manifest.sig"
	else
		cp -R --no-dereference --preserve=mode,links "$RELEASE/." "$1/"
	fi
}

install_release() {
	step "the release"
	find_keys
	if [ -n "$BUNDLE" ]; then
		open_bundle
		check_signature
		manifest=$OPENED/manifest.json
	else
		manifest=$RELEASE/manifest.json
		[ -z "$RELEASE" ] || [ -r "$manifest" ] || fail $E_RELEASE "there is no manifest.json in $RELEASE"
	fi
	[ -z "$BUNDLE$RELEASE" ] || place_release "$manifest"
	[ -n "$BUNDLE$RELEASE" ] || say "      none was given"
	# From now on updates are held against the same keys.
	[ -z "$KEYS" ] || [ -n "$UNSIGNED" ] || place "$KEYS" etc/yikatong/release-keys 644
}

place_release() { # manifest
	version=$(member "$1" version) built=$(member "$1" arch)
	case $version in '' | [!0-9]* | *[!0-9A-Za-z.+-]* | *..*) fail $E_RELEASE "its manifest names no version" ;; esac
	[ "$built" = "$ARCH" ] || fail $E_RELEASE "it is built for $built, and this is $ARCH"
	current=$(readlink "$ROOT/opt/yikatong/current" 2>/dev/null)
	[ -z "$current" ] || [ "$current" = "releases/$version" ] ||
		fail $E_RELEASE "${current#releases/} is installed here: another release comes as an update, which looks after the records"
	stage_release
	if [ "$current" != "releases/$version" ]; then change "release $version starts from now on" point_at "releases/$version"; fi
	if [ "$(readlink "$ROOT/usr/local/bin/yikatong" 2>/dev/null)" != /opt/yikatong/current/bin/yikatong ]; then
		change "/usr/local/bin/yikatong" link_at /opt/yikatong/current/bin/yikatong "$ROOT/usr/local/bin/yikatong"
	fi
}

stage_release() {
	target=$ROOT/opt/yikatong/releases/$version
	[ ! -f "$target/manifest.json" ] || return 0
	if [ -n "$DRY" ]; then
		say "      would: release $version"
		return 0
	fi
	free=$(df -Pk "$ROOT/opt/yikatong" | awk 'NR == 2 { print $4 }')
	[ "${free:-0}" -ge $SPACE_KB ] || fail $E_SPACE "$((SPACE_KB / 1000)) MB are needed below /opt, ${free:-0} kB are free"
	stage=$ROOT/opt/yikatong/releases/.unfinished-$version
	rm -rf "$stage" "$target"
	mkdir "$stage" && unpack_release "$stage" || fail $E_RELEASE "the release cannot be unpacked"
	[ -x "$stage/bin/yikatong" ] || fail $E_RELEASE "there is no bin/yikatong in the release"
	if [ -x "$stage/node/bin/node" ] && [ "$(dpkg --print-architecture)" = "$arch" ]; then
		"$stage/node/bin/node" -e "$CHECK_FILES" "$stage" || fail $E_RELEASE "the release is damaged"
	fi
	chown -R 0:0 "$stage" && chmod -R go-w "$stage" && sync -f "$stage" && mv -T "$stage" "$target" && sync "$ROOT/opt/yikatong/releases" ||
		fail $E_FAILED "the release cannot be put in its place"
	say "      release $version"
}

point_at() { link_at "$1" "$ROOT/opt/yikatong/current"; }
link_at() {
	mkdir -p "$(dirname "$2")" && rm -rf "$2.unfinished" && ln -s "$1" "$2.unfinished" && mv -fT "$2.unfinished" "$2"
}

place_rules() {
	step "rules of the system"
	put_file files/tmpfiles.conf usr/lib/tmpfiles.d/yikatong.conf 644
	put_file files/udev.rules etc/udev/rules.d/60-yikatong.rules 644
	put_file files/journald.conf etc/systemd/journald.conf.d/yikatong.conf 644
	put_file files/coredump.conf etc/systemd/coredump.conf.d/yikatong.conf 644
	put_file files/sysctl.conf etc/sysctl.d/60-yikatong.conf 644
	# Where nobody asks who may use cards the rule has no place.
	[ ! -d "$ROOT/etc/polkit-1/rules.d" ] || put_file files/polkit.rules etc/polkit-1/rules.d/50-yikatong.rules 644
	[ -z "$TIME_SERVER" ] || put_text etc/systemd/timesyncd.conf.d/yikatong.conf "[Time]
NTP=$TIME_SERVER"
	[ -z "$DEVICES" ] || put_text etc/udev/rules.d/61-yikatong-ports.rules "$(port_rules)"
}
port_rules() {
	say "# Which device hangs at which port, as it was said when the terminal was installed."
	for device in $DEVICES; do
		say "SUBSYSTEM==\"tty\", KERNELS==\"${device#*=}\", SYMLINK+=\"yikatong/${device%%=*}\""
		say "SUBSYSTEM==\"hidraw\", KERNELS==\"${device#*=}\", SYMLINK+=\"yikatong/${device%%=*}-hid\""
	done
}

units() { for unit in "$HERE"/units/*.service "$HERE"/units/*.path; do [ -f "$unit" ] && basename "$unit"; done; }

place_units() {
	step "units"
	[ ! -f "$HERE/../release/select-release" ] || place "$HERE/../release/select-release" opt/yikatong/boot/select-release 755
	for unit in $(units); do put_file "units/$unit" "etc/systemd/system/$unit" 644; done
	for unit in $(units) pcscd.socket systemd-timesyncd.service; do
		[ "$(systemctl --root="${ROOT:-/}" is-enabled "$unit" 2>/dev/null)" != disabled ] ||
			change "$unit is started with the machine" systemctl --root="${ROOT:-/}" --quiet enable "$unit"
	done
}

start_all() {
	step "the machine"
	live || { say "      is not running: all of this counts from its next start on"; return 0; }
	[ -z "$DRY" ] || return 0
	systemctl daemon-reload && systemd-tmpfiles --create yikatong.conf || fail $E_FAILED "the system does not take the new units"
	udevadm control --reload 2>/dev/null && udevadm trigger --subsystem-match=tty --subsystem-match=hidraw --subsystem-match=gpio 2>/dev/null
	sysctl -q -p /etc/sysctl.d/60-yikatong.conf 2>/dev/null
	systemctl try-restart systemd-journald.service 2>/dev/null
	[ -n "$START" ] || return 0
	systemctl start pcscd.socket || fail $E_FAILED "the service of the readers does not start: systemctl status pcscd.socket"
	[ -z "$TIME_SERVER" ] || systemctl try-restart systemd-timesyncd.service
	# A terminal that is not configured waits for its claim; one that runs is left alone.
	systemctl --no-block start $(units)
}

# Records that wait for the host, or that nobody can read, are nobody's to destroy.
demand_nothing_pending() {
	journal=$ROOT/var/lib/yikatong/journal
	# What came from afar lies there too, and is no record.
	[ -n "$(find "$journal" -mindepth 1 -maxdepth 1 ! -name remote 2>/dev/null | head -n 1)" ] || return 0
	report=$("$ROOT/opt/yikatong/current/bin/yikatong" journal verify --json --config "$ROOT/var/lib/yikatong/config" "$journal" 2>/dev/null) ||
		fail $E_REFUSED "the records cannot be read, so that nobody can say what waits in them: export them first"
	owner=$(printf '%s' "$report" | member /dev/stdin terminalId)
	[ -n "$DESTROY" ] && [ "$DESTROY" = "$owner" ] || fail $E_REFUSED "these are records of terminal $owner: say --destroy-records-of $owner"
	for word in lastSeq openSubjects openBatches receiptedThrough owedUploads; do
		value=$(printf '%s' "$report" | sed -n "s/.*\"$word\":\([0-9]*\).*/\1/p")
		[ -n "$value" ] || fail $E_REFUSED "nobody can say what waits in the records"
		eval "$word=$value"
	done
	# The last number and not the count: records that were taken away by rule still have theirs.
	[ "$openSubjects" = 0 ] && [ "$openBatches" = 0 ] && [ "$receiptedThrough" -ge "$lastSeq" ] ||
		fail $E_REFUSED "records wait for the host: $((lastSeq - receiptedThrough)) not receipted, $openSubjects not decided"
	[ "$owedUploads" = 0 ] || fail $E_REFUSED "the bank was not told of $owedUploads offline sales: start the service until it was"
}

uninstall() {
	[ -n "$DRY" ] || [ "$(id -u)" = 0 ] || fail $E_RIGHTS "this changes the system: run it as root"
	if live && [ -z "$DRY" ]; then systemctl stop $(units) 2>/dev/null; fi
	[ -z "$PURGE" ] || demand_nothing_pending
	for unit in $(units); do
		[ ! -f "$ROOT/etc/systemd/system/$unit" ] || change "$unit is no longer started" systemctl --root="${ROOT:-/}" --quiet disable "$unit"
		[ ! -f "$ROOT/etc/systemd/system/$unit" ] || change "no /etc/systemd/system/$unit" rm -f "$ROOT/etc/systemd/system/$unit"
	done
	for path in etc/systemd/journald.conf.d/yikatong.conf etc/systemd/coredump.conf.d/yikatong.conf etc/systemd/timesyncd.conf.d/yikatong.conf \
		etc/sysctl.d/60-yikatong.conf etc/udev/rules.d/60-yikatong.rules etc/udev/rules.d/61-yikatong-ports.rules etc/polkit-1/rules.d/50-yikatong.rules \
		usr/lib/tmpfiles.d/yikatong.conf usr/local/bin/yikatong opt/yikatong; do
		[ ! -e "$ROOT/$path" ] && [ ! -L "$ROOT/$path" ] || change "no /$path" rm -rf "$ROOT/$path"
	done
	[ -z "$ROOT" ] && rm -rf /run/yikatong
	if [ -n "$PURGE" ]; then
		change "no records" rm -rf "$ROOT/var/lib/yikatong" "$ROOT/etc/yikatong"
		[ -z "$(uid_of yikatong passwd)" ] || change "no user yikatong" inside userdel yikatong
		[ ! -e "$ROOT/usr/lib/sysusers.d/yikatong.conf" ] || change "no /usr/lib/sysusers.d/yikatong.conf" rm -f "$ROOT/usr/lib/sysusers.d/yikatong.conf"
	else
		say "records, configuration and keys stay in /var/lib/yikatong"
	fi
	live && [ -z "$DRY" ] && systemctl daemon-reload
	say "done"
}

# What this run has begun and not put in its place; a run that is killed leaves it to the next one's sweep.
trap 'rm -rf ${OPENED:+"$OPENED"} ${stage:+"$stage"}' EXIT
trap 'exit $E_FAILED' HUP INT TERM
read_options "$@"
if [ -n "$UNINSTALL" ]; then
	uninstall
	exit 0
fi
check_system
sweep
install_packages
if [ -n "$PACKAGES_ONLY" ]; then
	say "done"
	exit 0
fi
make_user
make_folders
install_release
place_rules
place_units
read_only_root
start_all
say "done"
