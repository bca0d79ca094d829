#!/bin/sh
# Verifies upload batches without any code of this project: hash, signature, contents, chain. Needs openssl 3, gzip and the usual small tools.
#
#   verify-batch.sh PUBLIC_KEY DATA_KEY MESSAGE...
#
# PUBLIC_KEY  SM2 public key of the terminal, x and y, 128 hexadecimal digits
# DATA_KEY    SM4 data key, 32 hexadecimal digits
# MESSAGE     files with one message of topic up/txn each, exactly as published, in the order of their batches
#
# The form of a batch is in docs/protocol.md, section 3. Ends with 0 when everything holds, 1 when something does not, 2 on wrong use.
set -u
LC_ALL=C
export LC_ALL

if [ $# -lt 3 ]; then
  sed -n '2,11p' "$0" | sed 's/^# \{0,1\}//' >&2
  exit 2
fi
public_key=$1
data_key=$2
shift 2

folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT INT TERM

say() { printf '%s: %s\n' "$file" "$1"; }
wrong() { say "WRONG: $1"; failed=1; }

# Hexadecimal digits to bytes.
bytes() {
  printf "$(printf %s "$1" | awk '{
    digits = "0123456789abcdef"
    for (at = 1; at < length($0); at += 2)
      printf "\\%03o", 16 * (index(digits, substr($0, at, 1)) - 1) + index(digits, substr($0, at + 1, 1)) - 1
  }')"
}

# A number of 64 hexadecimal digits as ASN.1 INTEGER, in hexadecimal.
integer() {
  printf %s "$1" | awk '{
    number = $0
    while (length(number) > 2 && substr(number, 1, 2) == "00") number = substr(number, 3)
    if (index("89abcdef", substr(number, 1, 1)) > 0) number = "00" number
    printf "02%02x%s", length(number) / 2, number
  }'
}

# One member of the message that stands before the sums: text or number.
member() { printf %s "$head" | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",]*\\)\"\\{0,1\\}[,}].*/\\1/p"; }

bytes "3059301306072a8648ce3d020106082a811ccf5501822d03420004$public_key" > "$folder/key.der"
if ! openssl pkey -pubin -inform DER -in "$folder/key.der" -out "$folder/key.pem" 2> /dev/null; then
  echo "the public key is not a point of SM2" >&2
  exit 2
fi

failed=0
chain_hash=
chain_last=
chain_batch=
for file in "$@"; do
  line=$(cat "$file") || { wrong "cannot be read"; continue; }
  head=${line%%\"sums\":\[*}
  rest=${line#*\"sums\":\[}
  sums="[${rest%%\]*}]"
  tail=${rest#*\]}
  tid=$(printf %s "$tail" | sed -n 's/^,"tid":"\([A-Za-z0-9_-]*\)","v":1}$/\1/p')
  batch=$(member batchSeq); count=$(member count); first=$(member firstSeq); last=$(member lastSeq)
  journal=$(member journalId); previous=$(member prevHash); hash=$(member hash); iv=$(member iv); sig=$(member sig)
  if [ -z "$tid" ] || [ ${#hash} -ne 64 ] || [ ${#sig} -ne 128 ] || [ ${#iv} -ne 32 ] || [ -z "$batch" ]; then
    wrong "not a batch in canonical form"
    continue
  fi

  # Body: base64, SM4-CBC, raw deflate. A gzip head makes it a file that gzip reads; that its tail is missing is expected.
  member body | tr -d '\n' | openssl base64 -d -A | openssl enc -d -sm4-cbc -K "$data_key" -iv "$iv" > "$folder/deflated" 2> /dev/null || wrong "the body does not open with this data key"
  { printf '\037\213\010\000\000\000\000\000\000\003'; cat "$folder/deflated"; } | gzip -dc > "$folder/records" 2> /dev/null

  {
    printf '{"batchSeq":%s,"count":%s,"firstSeq":%s,"journalId":"%s","lastSeq":%s,"prevHash":"%s","records":' "$batch" "$count" "$first" "$journal" "$last" "$previous"
    cat "$folder/records"
    printf ',"sums":%s,"tid":"%s"}' "$sums" "$tid"
  } > "$folder/plaintext"
  actual=$(openssl dgst -sm3 < "$folder/plaintext" | sed 's/.*[= ]//')
  [ "$actual" = "$hash" ] || wrong "hash: the contents give $actual"

  r=$(integer "$(printf %s "$sig" | cut -c1-64)")
  s=$(integer "$(printf %s "$sig" | cut -c65-128)")
  both=$r$s
  bytes "30$(printf '%02x' $((${#both} / 2)))$both" > "$folder/signature.der"
  { bytes "$hash"; printf %s "$tid"; } > "$folder/signed"
  openssl pkeyutl -verify -pubin -inkey "$folder/key.pem" -rawin -digest sm3 -pkeyopt distid:1234567812345678 -in "$folder/signed" -sigfile "$folder/signature.der" > /dev/null 2>&1 || wrong "signature"

  grep -o '"seq":[0-9]*,"state":"' "$folder/records" | sed 's/[^0-9]//g' | awk -v first="$first" -v last="$last" -v count="$count" '
    $1 != first + NR - 1 { bad = 1 }
    END { exit !(!bad && NR == count && last == first + count - 1) }' || wrong "sequence: records are not $first to $last"

  if [ -n "$chain_hash" ]; then
    [ "$previous" = "$chain_hash" ] && [ "$batch" -eq $((chain_batch + 1)) ] && [ "$first" -eq $((chain_last + 1)) ] || wrong "chain: this batch does not continue the one before"
  fi
  chain_hash=$hash
  chain_last=$last
  chain_batch=$batch
  say "batch $batch of $tid, records $first to $last"
done
[ "$failed" -eq 0 ] && echo "all hold"
exit "$failed"
