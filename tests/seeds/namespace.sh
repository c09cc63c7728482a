#!/bin/sh
# Runs a program where websockets.chilkat.io is this machine and nothing else can be reached.
# usage: unshare -n -m sh namespace.sh DIR TESTSERVER PROGRAM [ARGUMENT...]
# The program starts in DIR and trusts the test server's CA.
set -eu
dir=$1 server=$2
shift 2
cd "$dir"

ip link set lo up
printf '127.0.0.1 localhost websockets.chilkat.io\n' >hosts
mount --bind hosts /etc/hosts

# The server runs until descriptor 3, its standard input, is closed; so it dies with this shell.
mkfifo stop ready
"$server" --ws-port 80 --wss-port 443 --name websockets.chilkat.io <stop >ready &
exec 3>stop
read -r line <ready
SSL_CERT_FILE=$(printf '%s\n' "$line" | sed 's/.*"ca":"\([^"]*\)".*/\1/')
export SSL_CERT_FILE

status=0
"$@" 3>&- || status=$?
exec 3>&-
wait
exit $status
