# SPDX-License-Identifier: MIT
#
# What the makers of Dom0's and the driver domain's initramfs share.  Sourced: $tree is the tree being
# made, $me the maker's name for its messages.

missing() {
	echo "$me: $1" >&2
	exit 1
}

# All modules that fetch-kernel has left in the folder $1, but the front ends: back ends are here.
# $2: those that must be there.
add_modules() {
	for module in $2; do
		[ -f "$1/modules/$module.ko" ] || missing "$1/modules has no $module.ko"
	done
	release=$(cat "$1/release")
	modules=$tree/lib/modules/$release
	mkdir -p "$modules"
	cp "$1"/modules/*.ko "$modules/"
	rm "$modules"/xen-*front.ko
	depmod -b "$tree" "$release" 2>"$tree/depmod.log" || {
		cat "$tree/depmod.log" >&2
		exit 1
	}
	find "$modules" -name 'modules.*' ! -name modules.dep -delete
	LC_ALL=C sort -o "$modules/modules.dep" "$modules/modules.dep"
	rm "$tree/depmod.log"
}

# A dynamic program brings every library that its loader would look for; all go to one folder.
add_libraries() {
	mkdir -p "$tree/lib/x86_64-linux-gnu" "$tree/lib64"
	ldd "$1" 2>/dev/null | sed -n -e 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
		[ -e "$tree/lib/x86_64-linux-gnu/$(basename "$library")" ] ||
			cp -L "$library" "$tree/lib/x86_64-linux-gnu/$(basename "$library")"
	done
	if ldd "$1" >/dev/null 2>&1; then
		cp -L /lib64/ld-linux-x86-64.so.2 "$tree/lib64/"
	fi
}
add_program() { # FILE [FOLDER]
	[ -f "$1" ] || missing "no program $1"
	install -m 755 "$1" "$tree/${2:-usr/bin}/$(basename "$1")"
	add_libraries "$1"
}

# The tools for the store, the scripts that connect disks and network cards, and what busybox has not,
# or has otherwise: its stat writes 0:0 for a device, its losetup tells neither a file's number nor
# takes a read-only one.  $1 is what fetch-xen left.
add_backends() {
	for tool in "$1"/bin/*; do
		add_program "$tool"
	done
	mkdir -p "$tree/etc/xen"
	cp -r "$1/scripts" "$tree/etc/xen/scripts"
	for tool in bash stat losetup flock; do
		add_program "$(PATH=$PATH:/usr/sbin:/sbin command -v $tool)"
	done
	ln -sf /usr/bin/bash "$tree/bin/bash"
}
