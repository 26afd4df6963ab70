#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demo of a host whose Dom0 has no devices, played by root in Dom0: a driver domain with disk and
# network card serves two tenants, Dom0 does not get at what they share with it, and the driver domain is
# destroyed under load and comes again.  One verdict per step, `ok - NAME` or `not ok - NAME: why`;
# `demo: ...` are facts, which tools/run/split compares with the disk's file outside.
driver=/etc/corbel/driver.cfg
tenant=/etc/corbel/demo.cfg
log=/tmp/step.log
echo 1 >/proc/sys/kernel/printk # the kernel's messages would cut lines in two

verdict() { # NAME WHY: an empty WHY is a success
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1: $(echo "$2" | tail -n 4 | tr '\r\n' '  ')"
	fi
}
# Runs a command; on failure prints its last words.
try() {
	"$@" >$log 2>&1 </dev/null || echo "$1 $2: $(tail -n 3 $log)"
}
# Waits until a file says so often, at most 200 s; prints its last lines otherwise.
says() { # FILE COUNT PATTERN
	i=0
	until [ "$(grep -c "$3" "$1" 2>/dev/null)" -ge "$2" ]; do
		[ $i -lt 1000 ] || {
			tail -n 5 "$1"
			return
		}
		usleep 200000
		i=$((i + 1))
	done
}
# In a tenant's shell: sends, and waits for the word.
in_tenant() { # NAME LINE WORD [SECONDS]
	try corbel console "$1" --send "$2" --expect "$3" --timeout "${4:-120}"
}
said() { # what the last in_tenant has shown that matches
	grep -aoE "$1" $log | tail -n 1
}
console_of() {
	echo "/var/log/corbel/console-$(corbel domid "$1").log"
}
host() { # one number of `corbel host`
	corbel host "$1" 2>/dev/null | head -n 1
}
settle() {
	i=0
	while [ "$(host dirty_frames)" != 0 ] && [ $i -lt 100 ]; do
		usleep 100000
		i=$((i + 1))
	done
}

verdict dom0-has-no-device "$(ls /sys/bus/pci/devices 2>/dev/null; ls /sys/block | grep nvme)"
echo "demo: state $(corbel host state)"
settle
before=$(host free_frames)

verdict driver-built "$(try corbel create -q $driver)"
verdict driver-serves "$(says "$(console_of driver)" 1 'devd: serving')"
verdict driver-has-the-devices "$(try corbel pci-list driver; grep -c '00:0[45]\.0' $log | grep -vx 2)"

disk='disk=["/dev/nvme0n1,raw,xvda,w,backend=driver"]'
verdict tenant-built "$(try corbel create -q $tenant "$disk" 'vif=["mac=00:16:3e:00:00:01,backend=driver"]')"
verdict neighbour-built "$(try corbel create -q $tenant 'name="two"' 'vif=["mac=00:16:3e:00:00:02,backend=driver"]')"
why=$(in_tenant demo 'dd if=/dev/xvda bs=1M count=8 2>/dev/null | md5sum; echo read-$((40+2))' read-42 100)
verdict tenant-reads-the-disk "$why"
echo "demo: read $(said '^[0-9a-f]{32} ' | cut -c1-32)"
why=$(in_tenant demo 'dd if=/bin/busybox of=/dev/xvda bs=64k seek=512 conv=fsync 2>/dev/null; echo wrote-$((40+2))' wrote-42)
verdict tenant-writes-the-disk "$why"
echo "demo: wrote $(stat -c %s /bin/busybox) $(md5sum </bin/busybox | cut -c1-32)"
why=$(in_tenant two 'ip addr add 10.0.2.22/24 dev eth0; ip link set eth0 up; echo up-$((40+2))' up-42)
verdict tenant-reaches-outside "$why$(in_tenant demo \
	'ip addr add 10.0.2.21/24 dev eth0; ip link set eth0 up; busybox ping -c 5 -w 30 10.0.2.2' '5 packets received')"
verdict tenant-reaches-its-neighbour "$(in_tenant demo 'busybox ping -c 3 -w 30 10.0.2.22' '3 packets received')"

# Root of Dom0: neither the memory nor what the tenant grants to its back end.
verdict dom0-sees-no-page "$(try corbel-attack "$(corbel domid demo)")"

# Destroyed while the tenant writes; what it does meanwhile waits.
in_tenant demo 'i=0; while [ $i -lt 200 ]; do dd if=/bin/busybox of=/dev/xvda bs=64k count=8 seek=$((i%16*8)) oflag=direct 2>/dev/null || echo FAILED; i=$((i+1)); done; echo finished-$i &' 'tenant# ' >/dev/null
sleep 2
verdict driver-destroyed "$(try corbel destroy driver)"
lives=$(corbel list | grep -cE '^(demo|two) ')
verdict tenants-wait "$(echo "$lives" | grep -vx 2)"
# QEMU's e1000e cannot be reset, so nobody gets it a second time.
verdict driver-again "$(try corbel create -q $driver 'pci=["00:04.0"]')"
verdict driver-serves-again "$(says "$(console_of driver)" 2 'connected')"
verdict tenant-goes-on "$(says "$(console_of demo)" 1 'finished-200')$(grep -ac '^FAILED' "$(console_of demo)" | grep -vx 0)"
in_tenant demo 'n=0; until busybox ping -c 1 -w 2 10.0.2.22 >/dev/null || [ $n -gt 20 ]; do n=$((n+1)); done; echo tried-$((40+2))' tried-42 90 >/dev/null
verdict network-again "$(in_tenant demo 'busybox ping -c 3 -w 30 10.0.2.22' '3 packets received')"

# What cannot be served, in one line each.
corbel create -q $tenant 'name="three"' 'disk=["/dev/nvme0n1,raw,xvda,w,backend=nobody"]' 2>$log
verdict no-such-driver "$(grep -q "there is no domain .nobody. to serve it" $log || cat $log)"
corbel block-attach two '/dev/nvme9n9,raw,xvdb,w,backend=driver' 2>$log
verdict no-such-disk-there "$(grep -q "cannot connect it" $log || cat $log)$(corbel block-list two | grep xvdb)"
verdict detached "$(try corbel network-detach two 0)$(xenstore-ls /local/domain/"$(corbel domid driver)"/backend/vif/"$(corbel domid two)" 2>/dev/null)"
verdict tenants-destroyed "$(try corbel destroy two)$(try corbel destroy demo)"
verdict driver-ends "$(try corbel destroy driver)"
settle
after=$(host free_frames)
verdict frames-returned "$([ "$before" = "$after" ] || echo "$before before, $after after")"
echo "demo: end"
