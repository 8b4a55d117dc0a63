#!/bin/sh
# A new cluster, whose superuser has $PASSWORD, with the certificate in /certificate.
set -eu
data=/tmp/data
printf '%s' "$PASSWORD" >/tmp/password
initdb --pgdata "$data" --username postgres --pwfile /tmp/password --encoding UTF8 --auth scram-sha-256 >/dev/null
cp /certificate/tls.crt /certificate/tls.key "$data"
chmod 600 "$data/tls.key"
echo 'hostssl all all all scram-sha-256' >"$data/pg_hba.conf"
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories=/tmp \
  -c ssl=on -c ssl_cert_file=tls.crt -c ssl_key_file=tls.key
