/* A server of four paths, of which /native keeps 24 KiB of every request for good,
 * outside of any managed heap. It answers GET on 127.0.0.1:$PORT, with connections
 * kept alive, a thread each. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEAK = 24 << 10 };

static char *touched(size_t size) {
	char *p = malloc(size);
	if (p == NULL)
		exit(1);
	memset(p, 1, size);
	return p;
}

static const char *work(const char *path) {
	static char *volatile kept;
	if (strncmp(path, "/native ", 8) == 0) {
		kept = touched(LEAK); /* the one before is lost */
	} else if (strncmp(path, "/work ", 6) == 0) {
		free(touched(64 << 10));
	} else if (strncmp(path, "/many ", 6) == 0) {
		char *parts[64];
		for (int i = 0; i < 64; i++)
			parts[i] = touched(512 + 16 * i);
		for (int i = 0; i < 64; i++)
			free(parts[i]);
	} else if (strncmp(path, "/health ", 8) != 0) {
		return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
	}
	return "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
}

static void *serve(void *arg) {
	int fd = (int)(long)arg;
	char buf[4096];
	size_t have = 0;
	for (;;) {
		ssize_t n = read(fd, buf + have, sizeof buf - 1 - have);
		if (n <= 0)
			break;
		have += n;
		buf[have] = 0;
		char *end = strstr(buf, "\r\n\r\n");
		if (end == NULL) {
			if (have == sizeof buf - 1)
				break;
			continue;
		}
		const char *path = strchr(buf, ' ');
		const char *answer = work(path == NULL ? " " : path + 1);
		size_t size = strlen(answer);
		if (write(fd, answer, size) != (ssize_t)size)
			break;
		have -= end + 4 - buf;
		memmove(buf, end + 4, have);
	}
	close(fd);
	return NULL;
}

int main(void) {
	const char *port = getenv("PORT");
	int yes = 1, door = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port == NULL ? 0 : atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(door, (struct sockaddr *)&at, sizeof at) != 0 || listen(door, 64) != 0) {
		perror("listen");
		return 1;
	}
	for (;;) {
		int fd = accept(door, NULL, NULL);
		pthread_t thread;
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
		if (pthread_create(&thread, NULL, serve, (void *)(long)fd) != 0) {
			close(fd);
			continue;
		}
		pthread_detach(thread);
	}
}
