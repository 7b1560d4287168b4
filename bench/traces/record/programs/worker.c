/* A worker that serves GET / on a port of its own, one connection at a time, and keeps what
 * its mechanism keeps. It prints the port, and answers each request with three numbers:
 * requests served, bytes that it has leaked, and 0. */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SLOTS = 4000, SCRATCH = 64 << 10 };
static char *slots[SLOTS];
static unsigned long served, leaked, seed = 1;
static size_t size;
static const char *mechanism, *place;
static char rotated[4096];

static int is(const char *name) { return strcmp(mechanism, name) == 0; }

static unsigned long any(void) {
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return seed >> 33;
}

static char *touched(size_t n) {
	char *p = malloc(n);
	if (p == NULL)
		exit(1);
	memset(p, 1, n);
	return p;
}

static void *waits(void *held) {
	char stack[8192];
	memset(stack, 1, sizeof stack);
	pause();
	((char *)held)[0] = stack[0];
	return NULL;
}

static void work(void) {
	char *scratch = touched(SCRATCH); /* what every request needs for a moment */
	if (is("malloc")) {
		slots[0] = touched(size); /* the one before is lost */
		leaked += size;
	} else if (is("thread")) {
		if (served % 20 == 0) {
			pthread_t thread;
			leaked += 20 * size;
			if (pthread_create(&thread, NULL, waits, touched(20 * size)) != 0)
				exit(1);
		}
	} else if (is("descriptor")) {
		if (served % 10 == 0) {
			if (dup(0) < 0)
				exit(1);
			slots[0] = touched(10 * size);
			leaked += 10 * size;
		}
	} else if (is("fragments")) {
		/* Sizes that change leave holes that the next does not fit in. */
		for (int k = 0; k < 8; k++) {
			unsigned long slot = any() % SLOTS;
			free(slots[slot]);
			slots[slot] = touched(256 + any() % (4 * size));
		}
	} else if (is("lru")) {
		unsigned long slot = served % SLOTS;
		free(slots[slot]);
		slots[slot] = touched(2 * size);
	} else if (is("pagecache") || is("logrotate")) {
		FILE *file = fopen(place, "a");
		if (file == NULL)
			exit(1);
		fwrite(scratch, 1, SCRATCH, file);
		long at = ftell(file);
		fclose(file);
		if (is("logrotate") && at > 32 << 20)
			rename(place, rotated);
		if (is("pagecache") && at > 96 << 20) {
			file = fopen(place, "r");
			while (file != NULL && fread(scratch, 1, SCRATCH, file) == SCRATCH) {
			}
			if (file != NULL)
				fclose(file);
			unlink(place);
		}
	} else if (!is("clean")) {
		exit(2);
	}
	free(scratch);
}

static void serve(int client) {
	char in[8192], body[80], out[256];
	size_t n = 0;
	for (;;) {
		ssize_t got = read(client, in + n, sizeof in - 1 - n);
		if (got <= 0)
			return;
		n += (size_t)got;
		in[n] = 0;
		if (strstr(in, "\r\n\r\n") == NULL)
			continue;
		n = 0;
		served++;
		work();
		int length = snprintf(body, sizeof body, "%lu %lu 0", served, leaked);
		length = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", length, body);
		if (write(client, out, (size_t)length) != length)
			return;
	}
}

int main(int argc, char **argv) {
	if (argc < 4)
		return 2;
	mechanism = argv[1], size = strtoul(argv[2], NULL, 10), place = argv[3];
	snprintf(rotated, sizeof rotated, "%s.1", place);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int server = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(server, (struct sockaddr *)&address, length) != 0 || listen(server, 8) != 0 ||
	    getsockname(server, (struct sockaddr *)&address, &length) != 0)
		return 1;
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int client = accept(server, NULL, NULL);
		if (client < 0)
			return 1;
		serve(client);
		close(client);
	}
}
