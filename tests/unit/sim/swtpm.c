/* SPDX-License-Identifier: MIT */
/*
 * A real software TPM (swtpm) for unit tests: started in a temporary directory, spoken to at any
 * locality, power-cycled at will.
 */
#include "sim/swtpm.h"
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CTRL_INIT         2
#define CTRL_SET_LOCALITY 5
#define CTRL_STOP         14

static char dir[64], path[96], ctrl_path[96];
static pid_t pid;
static int data_fd = -1, ctrl_fd = -1;

static void die(const char *what)
{
	fprintf(stderr, "swtpm: %s\n", what);
	swtpm_stop();
	exit(1);
}

static int dial(const char *to)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", to);
	for (int tries = 0; tries < 500; tries++) {
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
			return fd;
		}
		usleep(10000);
	}
	die("no connection within 5 s");
	return -1;
}

static void transfer(int fd, void *buffer, size_t len, ssize_t (*how)(int, void *, size_t))
{
	for (uint8_t *p = buffer; len;) {
		ssize_t n = how(fd, p, len);

		if (n <= 0) {
			die("connection lost");
		}
		p += n;
		len -= n;
	}
}

static ssize_t put(int fd, void *p, size_t len)
{
	return write(fd, p, len);
}

static void control(uint32_t command, const void *arg, size_t len)
{
	uint8_t message[16];
	uint32_t result;

	command = htonl(command);
	memcpy(message, &command, 4);
	memcpy(message + 4, arg, len);
	transfer(ctrl_fd, message, 4 + len, put);
	transfer(ctrl_fd, &result, 4, read);
	if (result) {
		die("control command refused");
	}
}

void swtpm_connect(void)
{
	data_fd = dial(path);
	ctrl_fd = dial(ctrl_path);
}

void swtpm_disconnect(void)
{
	close(data_fd);
	close(ctrl_fd);
	data_fd = ctrl_fd = -1;
}

static void write_file(const char *name, const char *text)
{
	char file[96];
	FILE *out;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	out = fopen(file, "w");
	if (!out || fputs(text, out) < 0 || fclose(out)) {
		die("cannot write a configuration");
	}
}

/* A CA of its own certifies the EK. */
static void write_ca(void)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\n"
		 "certserial = %s/certserial\n",
		 dir, dir, dir, dir);
	write_file("ca.conf", text);
	write_file("ca.options", "--platform-manufacturer Corbel\n--platform-version 1\n"
				 "--platform-model test\n");
	snprintf(text, sizeof(text),
		 "create_certs_tool = /usr/bin/swtpm_localca\n"
		 "create_certs_tool_config = %s/ca.conf\n"
		 "create_certs_tool_options = %s/ca.options\n",
		 dir, dir);
	write_file("setup.conf", text);
}

static void start(const char *banks, const char *further)
{
	char command[512], data[128], ctrl[128], log[96];

	snprintf(path, sizeof(path), "%s/sock", dir);
	snprintf(ctrl_path, sizeof(ctrl_path), "%s/sock.ctrl", dir);
	snprintf(command, sizeof(command),
		 "swtpm_setup --tpm2 --tpmstate %s --pcr-banks %s --logfile %s/log %s >%s/out 2>&1",
		 dir, banks, dir, further, dir);
	if (system(command) != 0) {
		die("swtpm_setup failed");
	}
	snprintf(command, sizeof(command), "dir=%s", dir);
	snprintf(data, sizeof(data), "type=unixio,path=%s", path);
	snprintf(ctrl, sizeof(ctrl), "type=unixio,path=%s", ctrl_path);
	snprintf(log, sizeof(log), "%s/err", dir);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (!freopen(log, "w", stderr)) {
			_exit(127);
		}
		execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", command, "--server",
		       data, "--ctrl", ctrl, "--flags", "not-need-init", NULL);
		_exit(127);
	}
	swtpm_connect();
}

static void make_dir(void)
{
	snprintf(dir, sizeof(dir), "/tmp/corbel-swtpm.XXXXXX");
	if (!mkdtemp(dir)) {
		die("no temporary directory");
	}
}

void swtpm_start(const char *banks)
{
	make_dir();
	start(banks, "");
}

void swtpm_start_certified(const char *banks)
{
	char further[128];

	make_dir();
	write_ca();
	snprintf(further, sizeof(further), "--create-ek-cert --config %s/setup.conf", dir);
	start(banks, further);
}

void swtpm_stop(void)
{
	char command[128];

	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		pid = 0;
	}
	if (dir[0]) {
		snprintf(command, sizeof(command), "rm -rf %s", dir);
		dir[0] = 0;
		if (system(command) != 0) {
			fprintf(stderr, "swtpm: cannot clean up\n");
		}
	}
}

void swtpm_power_cycle(void)
{
	static const uint8_t startup[] = {0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0};
	uint8_t flags[4] = {0}, out[4096];

	control(CTRL_STOP, flags, 0);
	control(CTRL_INIT, flags, sizeof(flags));
	swtpm_execute(0, startup, sizeof(startup), out);
	if (out[6] | out[7] | out[8] | out[9]) {
		die("TPM2_Startup refused");
	}
}

size_t swtpm_execute(unsigned locality, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t level = locality;
	size_t size;

	control(CTRL_SET_LOCALITY, &level, 1);
	transfer(data_fd, (void *)in, len, put);
	transfer(data_fd, out, 10, read);
	size = (size_t)out[4] << 8 | out[5];
	if (size < 10 || size > 4096) {
		die("odd response");
	}
	transfer(data_fd, out + 10, size - 10, read);
	return size;
}

const char *swtpm_path(void)
{
	return path;
}

const char *swtpm_dir(void)
{
	return dir;
}
