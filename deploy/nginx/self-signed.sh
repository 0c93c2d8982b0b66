#!/bin/sh
# Makes a certificate authority (once) and a certificate signed by it, for machines that only need to trust each other.
set -eu

usage() {
    echo "usage: self-signed.sh FOLDER NAME HOST...
  makes FOLDER/NAME.crt and FOLDER/NAME.key for these host names or IPv4 addresses, and FOLDER/ca.crt and FOLDER/ca.key
  the first time. Nothing is overwritten.
  example: self-signed.sh tls airflow airflow localhost 127.0.0.1" >&2
    exit 2
}

[ $# -ge 3 ] || usage
folder=$1 name=$2
shift 2
[ "$name" != ca ] || { echo "self-signed.sh: 'ca' is the authority's own name. Choose another." >&2; exit 2; }
for file in "$folder/$name.crt" "$folder/$name.key"; do
    [ ! -e "$file" ] || { echo "self-signed.sh: $file is there already. Remove it, or choose another name or folder." >&2; exit 2; }
done

names=
for host; do
    case $host in
    *[!A-Za-z0-9.*-]* | "") echo "self-signed.sh: '$host' is neither a host name nor an IPv4 address." >&2; exit 2 ;;
    *[!0-9.]*) names="$names,DNS:$host" ;;
    *) names="$names,IP:$host" ;;
    esac
done

mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Keys are for their owner alone.
umask 077

quietly() {
    openssl "$@" 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
}

key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
if [ ! -e "$folder/ca.key" ]; then
    # shellcheck disable=SC2086
    quietly req -x509 $key -days 3650 -subj "/CN=Tarmac's own authority" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$folder/ca.key" -out "$folder/ca.crt"
    chmod 644 "$folder/ca.crt"
fi
cat >"$work/extensions" <<END
subjectAltName=${names#,}
extendedKeyUsage=serverAuth
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
authorityKeyIdentifier=keyid
END
# shellcheck disable=SC2086
quietly req -new $key -subj "/CN=$name" -keyout "$work/key" -out "$work/request"
quietly x509 -req -in "$work/request" -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -days 730 -sha256 \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" -out "$work/crt"
chmod 644 "$work/crt"
mv "$work/key" "$folder/$name.key"
mv "$work/crt" "$folder/$name.crt"
