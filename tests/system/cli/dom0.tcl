# SPDX-License-Identifier: MIT
#
# Talking to the shell of a real Dom0, for tests in expect: source it, spawn the machine, boot.

set build $env(CORBEL_BUILD)
set failures 0

proc verdict {name why} {
	global failures
	if {$why eq ""} {
		puts "ok - $name"
	} else {
		puts "not ok - $name: $why"
		incr failures
	}
}

# Types one command and returns all that came before the next prompt.
proc ask {command} {
	send -- "$command\r"
	expect {
		-ex "dom0# " {return $expect_out(buffer)}
		timeout {return "no prompt in time"}
		eof {return "the machine ended"}
	}
}

# A step: the command's answer must match every pattern; one that starts with ! it must not match.
proc step {name command args} {
	set answer [ask $command]
	foreach pattern $args {
		set forbidden [string match !* $pattern]
		if {[regexp -- [string trimleft $pattern !] $answer] == $forbidden} {
			verdict $name "'$pattern' fails in '[string map {\r {} \n { / }} $answer]'"
			return
		}
	}
	verdict $name ""
}

# Waits until the command's answer matches.
proc wait_until {name seconds command pattern} {
	for {set i 0} {$i < $seconds} {incr i} {
		set answer [ask "$command; sleep 1"]
		if {[regexp -- $pattern $answer]} {
			verdict $name ""
			return
		}
	}
	verdict $name "no '$pattern' in '[string map {\r {} \n { / }} $answer]'"
}

# Has a tenant's shell run a command, and waits for a word that is not in the command.
proc in_tenant {verdict tenant command word {seconds 60}} {
	set answer [ask "corbel console $tenant --send '$command' --expect \"$word\" --timeout $seconds >/tmp/said; echo st=\$?; tail -n 3 /tmp/said"]
	verdict $verdict [expr {[regexp {st=0} $answer] ? "" : [string map {\r {} \n { / }} $answer]}]
}

# The machine was spawned: waits for the shell.
proc boot {{name dom0-shell}} {
	global timeout
	set timeout 120
	expect {
		-ex "dom0# " {verdict $name ""}
		timeout {verdict $name "no prompt within 120 s"; exit 1}
		eof {verdict $name "the machine ended"; exit 1}
	}
	set timeout 100
}

# Switches the machine off; another may be spawned.
proc power_off {{name machine-off}} {
	global spawn_id
	send "poweroff -f\r"
	expect eof
	set status [lindex [wait] 3]
	verdict $name [expr {$status == 33 ? "" : "ended with status $status"}]
}

# Switches the machine off and ends the test.
proc finish {} {
	global failures
	power_off
	exit [expr {$failures > 0}]
}
