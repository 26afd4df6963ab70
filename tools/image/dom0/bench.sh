#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Played in Dom0 for `make bench`: one Debian tenant, created and destroyed; the times are in the
# trace, which carries the hypervisor's clock.
[ -r /proc/uptime ] && echo "bench: uptime $(cut -d ' ' -f 1 /proc/uptime)"
corbel create -q /etc/corbel/demo.cfg || echo "not ok - create"
tries=0
until grep -qs TENANT-USERLAND /var/log/corbel/console-*.log; do
	tries=$((tries + 1))
	[ $tries -le 600 ] || { echo "not ok - tenant never reached userland"; break; }
	sleep 0.1
done
corbel launch demo --json | tr -d '\n'
echo
corbel destroy demo || echo "not ok - destroy"
tries=0
while corbel domid demo >/dev/null 2>&1 && [ $tries -lt 300 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
corbel trace
echo "bench: end"
