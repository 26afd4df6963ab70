#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demo, played by root in Dom0: builds a tenant, talks to it, attacks it, crashes a builder,
# destroys the tenant.  Prints facts as `demo: ...` for the judge outside, and one verdict per step,
# `ok - NAME` or `not ok - NAME: why`.  What only the outside can know (file digests of the
# distribution's packages, expected PCR values) the judge adds: see tools/run/judge.
#
# Nothing here is believed because this script says it: a hostile Dom0 could print anything.
config=/etc/corbel/demo.cfg
log=/tmp/step.log
echo 1 >/proc/sys/kernel/printk # the kernel's messages would cut lines in two

fact() {
	echo "demo: $*"
}
# verdict NAME WHY: an empty WHY is a success.
verdict() {
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $(echo "$2" | tr '\r\n' '  ')"
	fi
}
host() { # one number or digest of `corbel host`
	corbel host "$1" 2>/dev/null | head -n 1
}
launched() { # DOMAIN KEY: a value of the launch record
	corbel launch "$1" --json 2>/dev/null | sed -n "s/^ *\"$2\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p"
}
# Runs a command; on failure prints its last words.
try() {
	"$@" >$log 2>&1 </dev/null || {
		echo "$1 $2: $(tail -n 2 $log)"
		return 1
	}
}
# Waits until nothing is queued for scrubbing, so that two counts can be compared.
settle() {
	i=0
	while [ "$(host dirty_frames)" != 0 ] && [ $i -lt 100 ]; do
		usleep 100000
		i=$((i + 1))
	done
}

measured_chain() {
	for bank in sha256 sha384; do
		for pcr in 4 8 9 17 18 19; do
			value=$(cat /sys/class/tpm/tpm0/pcr-$bank/$pcr 2>$log) || {
				verdict measured-chain "PCR $pcr of bank $bank: $(tail -n 1 $log)"
				return
			}
			fact "pcr $bank $pcr $value"
		done
	done
	why=
	[ "$(host state)" = measured ] || why="the hypervisor says '$(host state)'"
	verdict measured-chain "$why"
}

dom0_up() {
	fact "dom0-kernel $(launched 0 kernel)"
	fact "dom0-release $(uname -r)"
	why=
	case $(cat /sys/class/tty/console/active) in # the last one is /dev/console
	hvc0 | *" hvc0") ;;
	*) why="the console is not hvc0" ;;
	esac
	[ "$(launched 0 instance)" = 1 ] || why="not built by the first builder instance"
	[ "$(id -u)" = 0 ] || why="no root shell"
	verdict dom0-up "$why"
}

tenant_built() {
	why=$(try corbel create -q $config)
	domid=$(corbel domid demo 2>/dev/null)
	digest=$(launched demo kernel)
	fact "tenant-kernel $digest"
	fact "tenant-domid $domid"
	if [ -z "$why" ]; then
		case $(sha256sum /boot/tenant/vmlinuz) in
		"$digest "*) ;;
		*) why="committed kernel digest '$digest' is not the file's" ;;
		esac
	fi
	verdict tenant-built "$why"
}

tenant_console() {
	why=$(try corbel console demo --expect TENANT-USERLAND --timeout 90)
	[ -n "$why" ] || why=$(try corbel console demo --expect 'tenant#' --timeout 30)
	[ -n "$why" ] || why=$(try corbel console demo --send 'ping corbel' --expect 'pong corbel' \
		--timeout 30)
	verdict tenant-console "$why"
}

# Calls that nobody may make are recorded against the hypervisor as object, the others against the
# tenant; so all of Dom0's refusals are counted.
denials() { # SUBJECT [OBJECT]: how many refusals the trace holds
	corbel trace --json 2>/dev/null | grep '"kind": *"denied"' |
		grep "\"subject\": *$1," | grep -c "\"object\": *${2:-[0-9]*},"
}

foreign_map_denied() {
	why=
	before=$(denials 0)
	corbel-attack "$domid" >$log 2>&1 || why="$(grep -v '^refused' $log)"
	attempts=$(grep -c '^refused' $log)
	sed 's/^/demo: attack /' $log
	after=$(denials 0)
	fact "denied $attempts attempts, $((after - before)) audited"
	if [ -z "$why" ] && [ $((after - before)) -lt "$attempts" ]; then
		why="$attempts refusals but $((after - before)) records in the trace"
	fi
	if [ -z "$why" ] && [ "$(denials 1 "$domid")" = 0 ]; then
		why="no record that the builder was refused after seal"
	fi
	case $(corbel list --json 2>&1) in
	*'"demo"'*) ;;
	*) why="$why; the tenant is gone" ;;
	esac
	verdict foreign-map-denied "$why"
}

pristine() { # the running builder's memory is the measured image
	[ -n "$(host builder_memory)" ] && [ "$(host builder_memory)" = "$(host builder_image)" ]
}

builder_pristine() {
	why=
	used=$(launched demo instance)
	now=$(host builder_instance)
	fact "builder instance $used built the tenant, $now waits"
	[ "$now" -gt "$used" ] 2>/dev/null || why="instance $used built the tenant and still runs"
	pristine || why="the builder's memory differs from the measured image"
	domains=$(corbel list -a | wc -l)
	if try corbel create -q --request-flag crash $config name='"crash"' >/dev/null; then
		why="a build that crashes the builder was reported as done"
	fi
	fact "crash request: $(tail -n 1 $log)"
	[ "$(corbel list -a | wc -l)" = "$domains" ] || why="a half-built domain is left"
	[ "$(host builder_instance)" -gt "$now" ] || why="no new builder instance after the crash"
	pristine || why="the builder's memory differs from the image after the crash"
	again=$(try corbel create -q -p /etc/corbel/tiny.cfg)
	[ -z "$again" ] || why="the build after the crash failed: $again"
	again=$(try corbel destroy tiny)
	[ -z "$again" ] || why="$why; $again"
	verdict builder-pristine "$why"
}

frames_returned() {
	why=$(try corbel destroy demo)
	settle
	free=$(host free_frames)
	fact "free frames $free_before before, $free after; freed $(host freed_count)," \
		"scrubbed $(host scrubbed_count)"
	[ "$free" = "$free_before" ] || why="$why free frames: $free_before before, $free after"
	[ "$(host dirty_frames)" = 0 ] || why="$why $(host dirty_frames) frames are not scrubbed"
	[ "$(host freed_count)" = "$(host scrubbed_count)" ] ||
		why="$why $(host freed_count) frames freed, $(host scrubbed_count) scrubbed"
	verdict frames-returned "$why"
}

measured_chain
dom0_up
settle
free_before=$(host free_frames)
tenant_built
tenant_console
foreign_map_denied
builder_pristine
frames_returned
fact end
