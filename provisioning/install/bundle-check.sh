# Part of install.sh: who has signed a bundle, and whether it is what was signed, on a machine that has no runtime of ours yet.

KEY_LINE='^[A-Za-z0-9._-]{1,64}[[:space:]]*=[[:space:]]*[0-9A-Fa-f]{128}$'

# Who may sign: named by whoever installs, or known to this machine, or else delivered beside the bundle and with this script.
find_keys() {
	KEYS=
	for file in "$KEYS_GIVEN" "$ROOT/etc/yikatong/release-keys" "${BUNDLE:+$(dirname "$BUNDLE")/release-keys}"; do
		if [ -n "$file" ] && [ -f "$file" ]; then
			KEYS=$file
			break
		fi
	done
	[ -n "$KEYS" ] || return 0
	grep -Ev '^[[:space:]]*(#.*)?$' "$KEYS" | grep -Evq "$KEY_LINE" && fail $E_RELEASE "a line of $KEYS is not: name = 128 hexadecimal digits"
	grep -Eq "$KEY_LINE" "$KEYS" || fail $E_RELEASE "there is no key in $KEYS"
}

# The two members of a bundle that say and prove what it is, copied here so that what is looked at is what is used.
open_bundle() {
	OPENED=$(mktemp -d) || fail $E_FAILED "there is no room for a small file"
	if [ "$(tar -tf "$BUNDLE" 2>/dev/null | tr '\n' ' ')" != "manifest.json manifest.sig payload.tar.gz " ] ||
		! tar -xf "$BUNDLE" -C "$OPENED" --no-same-owner manifest.json manifest.sig 2>/dev/null; then
		fail $E_RELEASE "$BUNDLE is no bundle, or it is cut off or damaged"
	fi
}

# SM2 with SM3 and the default identity, over the manifest as it is. Spec: GM/T 0009, 10. There is no runtime of ours here yet: the system's openssl does it.
check_signature() {
	if [ -n "$UNSIGNED" ]; then
		printf 'install: nobody asks who has signed this bundle: this is for a bench, never for a terminal of the field\n' >&2
		return 0
	fi
	[ -n "$KEYS" ] || fail $E_RELEASE "nobody says who may sign this bundle: name the keys by --release-keys FILE (on a bench: --unsigned-bundle)"
	if ! command -v openssl >/dev/null; then
		[ -n "$DRY" ] || fail $E_PACKAGES "openssl is missing: it checks the bundle's signature"
		say "      would: check who has signed it"
		return 0
	fi
	# One line and no other: of two, one could be well formed and the other be read as well.
	[ "$(grep -c '' "$OPENED/manifest.sig")" = 1 ] && grep -Eqx '[A-Za-z0-9._-]{1,64} = [0-9a-f]{128}' "$OPENED/manifest.sig" || fail $E_RELEASE "its signature has another form: the bundle is damaged"
	signer=$(sed 's/ = .*//' "$OPENED/manifest.sig") digits=$(sed 's/.* = //' "$OPENED/manifest.sig")
	point=$(grep -E "$KEY_LINE" "$KEYS" | awk -F '[[:space:]]*=[[:space:]]*' -v name="$signer" '$1 == name { print $2; exit }')
	[ -n "$point" ] || fail $E_RELEASE "it is signed by $signer, whom $KEYS does not know"
	printf 'asn1=SEQUENCE:key\n[key]\nkind=SEQUENCE:kind\npoint=FORMAT:HEX,BITSTRING:04%s\n[kind]\ntype=OID:1.2.840.10045.2.1\ncurve=OID:1.2.156.10197.1.301\n' \
		"$point" >"$OPENED/key.conf"
	printf 'asn1=SEQUENCE:pair\n[pair]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' \
		"$(printf %s "$digits" | cut -c 1-64)" "$(printf %s "$digits" | cut -c 65-128)" >"$OPENED/sig.conf"
	openssl asn1parse -genconf "$OPENED/key.conf" -noout -out "$OPENED/key.der" >/dev/null 2>&1 &&
		openssl asn1parse -genconf "$OPENED/sig.conf" -noout -out "$OPENED/sig.der" >/dev/null 2>&1 &&
		openssl pkey -pubin -inform DER -in "$OPENED/key.der" -pubout -out "$OPENED/key.pem" >/dev/null 2>&1 ||
		fail $E_RELEASE "the key $signer of $KEYS is no key"
	openssl pkeyutl -verify -pubin -inkey "$OPENED/key.pem" -rawin -digest sm3 -pkeyopt distid:1234567812345678 \
		-in "$OPENED/manifest.json" -sigfile "$OPENED/sig.der" >/dev/null 2>&1 ||
		fail $E_RELEASE "its signature is not that of $signer, or the bundle is damaged"
	say "      signed by $signer, whom $KEYS names"
}

zeros() { head -c "$1" /dev/zero; }
# What stands before a member. Programs that write tars differ in it (Debian 12 and 13 do), so that it is said here.
tar_block() { # name size checksum
	printf %s "$1"
	zeros $((100 - ${#1}))
	printf "0000644\\0000000000\\0000000000\\000%011o\\00000000000000\\000$3" "$2"
	printf 0
	zeros 100
	printf 'ustar\00000'
	zeros 64
	printf '0000000\0000000000\000'
	zeros 167
}

# The payload is what the manifest says; and a bundle has one form, so that no byte of it may differ unseen, between its members neither.
check_payload() { # folder with the three members
	[ -z "$UNSIGNED" ] || return 0
	said=$(sed -n 's/.*"payload":{"size":\([0-9]*\),"sm3":"\([0-9a-f]*\)"}.*/\1 \2/p' "$1/manifest.json")
	[ "$said" = "$(stat -c %s "$1/payload.tar.gz") $(openssl dgst -sm3 -r "$1/payload.tar.gz" | cut -d ' ' -f 1)" ] || return 1
	{
		for name in manifest.json manifest.sig payload.tar.gz; do
			size=$(stat -c %s "$1/$name")
			tar_block "$name" "$size" "$(tar_block "$name" "$size" '        ' | od -An -v -tu1 | awk '{ for (i = 1; i <= NF; i++) sum += $i } END { printf "%06o\\000 ", sum }')"
			cat "$1/$name"
			zeros $(((512 - size % 512) % 512))
		done
		zeros 1024
	} | cmp -s - "$BUNDLE"
}
