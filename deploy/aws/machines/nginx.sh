#!/bin/bash
# nginx's machine: TLS, and the ways to Airflow and Superset, as deploy/nginx/ writes them.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages nginx openssl gettext-base

tls=/etc/tarmac/tls
mkdir -p "$tls/proxy" /var/www/acme
# The applications' authorities, by which nginx knows that it speaks to them.
for application in airflow superset; do
  "$machines/bucket.py" get "certificates/$application.crt" "$tls/$application-ca.crt"
done
cat "$tls/airflow-ca.crt" "$tls/superset-ca.crt" >"$tls/applications.crt"

# configure CERTIFICATE KEY : nginx with this certificate towards browsers.
configure() {
  AIRFLOW_UPSTREAM="$AIRFLOW_HOST:8080" SUPERSET_UPSTREAM="$SUPERSET_HOST:8088" \
    NGINX_CERTIFICATE=$1 NGINX_CERTIFICATE_KEY=$2 NGINX_UPSTREAM_CA="$tls/applications.crt" \
    "$release/deploy/nginx/render" >/etc/nginx/conf.d/tarmac.conf.new
  mv /etc/nginx/conf.d/tarmac.conf.new /etc/nginx/conf.d/tarmac.conf
  nginx -t -q
  systemctl enable --quiet nginx
  systemctl reload-or-restart nginx
}

if [ ! -e "$tls/proxy/proxy.crt" ]; then
  "$release/deploy/nginx/self-signed.sh" "$tls/proxy" proxy "${AIRFLOW_ADDRESS%%/*}" "${SUPERSET_ADDRESS%%/*}"
fi
rm -f /etc/nginx/sites-enabled/default
configure "$tls/proxy/proxy.crt" "$tls/proxy/proxy.key"

# A name of one's own gets a certificate that browsers know; Ubuntu's timer renews it.
if [ -n "${TARMAC_DOMAIN:-}" ]; then
  install_packages certbot
  mail=(--register-unsafely-without-email)
  [ -z "${FAIL_EMAIL:-}" ] || mail=(--email "$FAIL_EMAIL")
  certbot certonly --quiet --non-interactive --agree-tos "${mail[@]}" --webroot --webroot-path /var/www/acme \
    --keep-until-expiring --deploy-hook "systemctl reload nginx" --cert-name tarmac \
    --domain "$AIRFLOW_ADDRESS" --domain "$SUPERSET_ADDRESS"
  configure /etc/letsencrypt/live/tarmac/fullchain.pem /etc/letsencrypt/live/tarmac/privkey.pem
fi
report_metrics
