#include "unit.h"

#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "fake-tokend.h"
#include "peer.h"
#include "transport-unix.h"
#include "wire/cleanup.h"
#include "wire/protocol.h"
#include "wire/reason.h"
#include "wire/text.h"

#define UID_NONE ((uid_t)-1)
/* Only reached where something is broken. */
#define PATIENCE 5000
/* A deadline that a test waits for. */
#define SHORT 150

static int get(const char *path, unsigned msec, HttpReply *reply) {
        return transport_unix_call(path, UID_NONE, msec,
                                   &(HttpRequest){ .method = "GET", .path = "/healthz" }, reply);
}

/* One reply of the fake's for one GET. */
static int get_answer(FakeTokend *fake, const FakeAnswer *answer, unsigned msec, HttpReply *reply) {
        fake_script(fake, answer, 1);
        return get(fake->path, msec, reply);
}

static int count_fds(void) {
        int n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

static void test_call(void **state) {
        static const char text[] = "HTTP/1.1 429 Too Many\r\nretry-after:  7 \r\n"
                                   "Content-Type: application/json; charset=utf-8\r\n"
                                   "Content-Length: 2\r\n\r\n{}";
        Secret body = SECRET_INIT;
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake;
        int n_fds = count_fds();

        fake_start(&fake);
        fake_script(&fake, &(FakeAnswer){ .bytes = text }, 1);
        assert_int_equal(secret_append_text(&body, "a=b%26c"), 0);
        assert_int_equal(transport_unix_call(fake.path, UID_NONE, PATIENCE,
                                             &(HttpRequest){ .method = "POST",
                                                             .path = "/oauth/token?x=y",
                                                             .content_type = "text/x",
                                                             .authorization = "Bearer abc",
                                                             .body = &body },
                                             &reply), 0);
        assert_int_equal(reply.status, 429);
        assert_true(reply.is_json);
        assert_int_equal(reply.retry_after, 7);
        assert_int_equal(reply.body.size, 2);
        assert_string_equal(secret_text(&reply.body), "{}");
        assert_string_equal(fake.requests[0],
                            "POST /oauth/token?x=y HTTP/1.1\r\nHost: localhost\r\n"
                            "Connection: close\r\nAuthorization: Bearer abc\r\n"
                            "Content-Type: text/x\r\nContent-Length: 7\r\n\r\na=b%26c");
        http_reply_done(&reply);
        secret_done(&body);
        fake_stop(&fake);
        assert_int_equal(count_fds(), n_fds);
}

/* What could smuggle a line is refused before anybody is called. */
static void test_bad_requests(void **state) {
        static const HttpRequest bad[] = {
                { .method = "GET", .path = "/a\r\nX: y" },
                { .method = "GET", .path = "/a b" },
                { .method = "GET", .path = "/", .authorization = "Bearer x\r\nX: y" },
                { .method = "POST", .path = "/", .content_type = "a\nb" },
        };
        HttpReply reply = HTTP_REPLY_INIT;

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                assert_int_equal(transport_unix_call("/nowhere/sock", UID_NONE, PATIENCE, &bad[i],
                                                     &reply), -EINVAL);
}

static const char *const whole_replies[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n "
        "world\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Long: yes\r\ntransfer-encoding: Chunked\r\n\r\n"
        "00b\r\nhello world\r\n000\r\nTrailer: x\r\n\r\n",
};

static void test_whole_and_cut(void **state) {
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake;

        fake_start(&fake);
        for (size_t i = 0; i < sizeof(whole_replies) / sizeof(whole_replies[0]); i++) {
                const char *text = whole_replies[i];

                for (int dribble = 0; dribble < 2; dribble++) {
                        FakeAnswer answer = { .bytes = text, .dribble = dribble, .hang = true };
                        assert_int_equal(get_answer(&fake, &answer, PATIENCE, &reply), 0);
                        assert_string_equal(secret_text(&reply.body), "hello world");
                        http_reply_done(&reply);
                }
                for (size_t cut = 0; cut < strlen(text); cut++) {
                        FakeAnswer answer = { .bytes = cut ? text : NULL, .size = cut };
                        assert_int_equal(get_answer(&fake, &answer, PATIENCE, &reply), -EBADMSG);
                }
        }
        fake_stop(&fake);
}

static void test_nobody_there(void **state) {
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake = { 0 };

        assert_int_equal(get("/nowhere/at/all", PATIENCE, &reply), -ENOENT);
        assert_int_equal(get("/etc/passwd/sock", PATIENCE, &reply), -ENOTDIR);
        assert_int_equal(get("/run/", PATIENCE, &reply), -EINVAL);
        assert_int_equal(get("", PATIENCE, &reply), -EINVAL);

        fake_listen(&fake, 1);
        close(fake.listener);
        assert_int_equal(get(fake.path, PATIENCE, &reply), -ECONNREFUSED);
        unlink(fake.path);
        assert_int_equal(get(fake.path, PATIENCE, &reply), -ENOENT);
        int fd = open(fake.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_int_equal(get(fake.path, PATIENCE, &reply), -ENOTSOCK);
        close(fd);
        unlink(fake.path);
        rmdir(fake.folder);
}

/* 0 bytes reach a socket whose folder others can write to, or that is a link. */
static void test_untrusted_places(void **state) {
        HttpReply reply = HTTP_REPLY_INIT;
        char link_path[128];
        FakeTokend fake;

        fake_start(&fake);
        assert_int_equal(chmod(fake.folder, 0777), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        assert_int_equal(chmod(fake.folder, 01777), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        assert_int_equal(chmod(fake.folder, 0770), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        assert_int_equal(chmod(fake.folder, 0755), 0);

        snprintf(link_path, sizeof(link_path), "%s/link", fake.folder);
        assert_int_equal(symlink(fake.path, link_path), 0);
        assert_int_equal(get(link_path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        unlink(link_path);
        fake_join(&fake);
        assert_int_equal(fake.n_received, 0);
        fake_unlisten(&fake);
}

/* The bytes that wait in the connections nobody accepted yet; -1: no connection at all. */
static ssize_t count_waiting(int listener) {
        ssize_t sum = -1;
        char bytes[512];
        int fd;

        fcntl(listener, F_SETFL, O_NONBLOCK);
        while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
                sum = (sum < 0 ? 0 : sum) + (n > 0 ? n : 0);
                close(fd);
        }
        return sum;
}

/* The one part that needs root: another uid's folder, another uid's server. */
static void test_impostors(void **state) {
        const HttpRequest request = { .method = "GET", .path = "/" };
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake = { 0 };

        if (geteuid() != 0)
                skip();
        fake_listen(&fake, 4);
        assert_int_equal(chown(fake.folder, 65534, 65534), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        assert_int_equal(count_waiting(fake.listener), -1);

        /* listen() sets the credentials that the other side sees. */
        assert_int_equal(chown(fake.folder, 0, 0), 0);
        assert_int_equal(seteuid(65534), 0);
        assert_int_equal(listen(fake.listener, 4), 0);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), REASON_PEER_UNTRUSTED);
        assert_int_equal(count_waiting(fake.listener), 0);

        /* The same two are as good as root's when that uid is tokend's. */
        assert_int_equal(chown(fake.folder, 65534, 65534), 0);
        assert_int_equal(transport_unix_call(fake.path, 65534, SHORT, &request, &reply),
                         -ETIMEDOUT);
        assert_true(count_waiting(fake.listener) > 0);
        fake_unlisten(&fake);
}

static void test_hangs(void **state) {
        static const char part[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello";
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake = { 0 };

        /* Nobody accepts. */
        fake_listen(&fake, 4);
        assert_int_equal(get(fake.path, SHORT, &reply), -ETIMEDOUT);
        fake_unlisten(&fake);

        /* After the request, in the head, in the body. */
        fake_start(&fake);
        assert_int_equal(get_answer(&fake, &(FakeAnswer){ .hang = true }, SHORT, &reply),
                         -ETIMEDOUT);
        assert_int_equal(get_answer(&fake, &(FakeAnswer){ .bytes = part, .size = 20, .hang = true },
                                    SHORT, &reply), -ETIMEDOUT);
        assert_int_equal(get_answer(&fake, &(FakeAnswer){ .bytes = part, .hang = true }, SHORT,
                                    &reply), -ETIMEDOUT);
        fake_stop(&fake);
}

static int connect_plainly(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, path);
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
                return fd;
        close(fd);
        return -1;
}

static void *accept_late(void *userdata) {
        FakeTokend *fake = userdata;
        FakeAnswer answer = { .bytes = whole_replies[0] };
        char request[FAKE_REQUEST_MAX];

        usleep(100 * 1000);
        /* The first one only stood in the way. */
        for (int i = 0; i < 2; i++) {
                int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
                if (i == 1) {
                        fake_receive(fake, fd, request);
                        fake_send(fd, &answer);
                }
                close(fd);
        }
        return NULL;
}

static void test_full_backlog(void **state) {
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake = { .lock = PTHREAD_MUTEX_INITIALIZER };
        pthread_t thread;

        fake_listen(&fake, 0);
        int first = connect_plainly(fake.path);
        assert_true(first >= 0);
        assert_int_equal(connect_plainly(fake.path), -1);
        assert_int_equal(get(fake.path, SHORT, &reply), -ETIMEDOUT);

        assert_int_equal(pthread_create(&thread, NULL, accept_late, &fake), 0);
        assert_int_equal(get(fake.path, PATIENCE, &reply), 0);
        pthread_join(thread, NULL);
        http_reply_done(&reply);
        close(first);
        fake_unlisten(&fake);
}

typedef struct Caller {
        const char *path;
        pthread_t thread;
        int result;
} Caller;

static void *call_thread(void *userdata) {
        Caller *caller = userdata;
        HttpReply reply = HTTP_REPLY_INIT;

        caller->result = get(caller->path, PATIENCE, &reply);
        http_reply_done(&reply);
        return NULL;
}

/* What anybody may do: a connect() that waits. Says nothing. */
static void *connect_thread(void *userdata) {
        Caller *caller = userdata;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, caller->path);
        caller->result = connect(fd, (struct sockaddr *)&address, sizeof(address));
        close(fd);
        return NULL;
}

/* In front of a full backlog who came first is served first. */
static void test_turns(void **state) {
        FakeTokend fake = { .lock = PTHREAD_MUTEX_INITIALIZER };
        const FakeAnswer answer = { .bytes = whole_replies[0] };
        Caller caller = { .result = -1 }, others[4];
        char request[FAKE_REQUEST_MAX];

        fake_listen(&fake, 0);
        caller.path = fake.path;
        int first = connect_plainly(fake.path);
        assert_true(first >= 0);
        assert_int_equal(pthread_create(&caller.thread, NULL, call_thread, &caller), 0);
        usleep(100 * 1000);
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                others[i].path = fake.path;
                pthread_create(&others[i].thread, NULL, connect_thread, &others[i]);
        }
        usleep(100 * 1000);

        close(accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC));
        int fd = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC);
        fake_receive(&fake, fd, request);
        fake_send(fd, &answer);
        close(fd);
        assert_non_null(strstr(request, "GET /healthz"));
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                close(accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC));
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                pthread_join(others[i].thread, NULL);
        pthread_join(caller.thread, NULL);
        assert_int_equal(caller.result, 0);
        close(first);
        fake_unlisten(&fake);
}

static void nothing(int signal_number) {
}

/* Stopped beyond its deadline, by whoever may do that: the answer that is there counts. */
static void test_stopped(void **state) {
        FakeTokend fake = { .lock = PTHREAD_MUTEX_INITIALIZER };
        const FakeAnswer answer = { .bytes = whole_replies[0] };
        HttpReply reply = HTTP_REPLY_INIT;
        const struct sigaction action = { .sa_handler = nothing };
        char request[FAKE_REQUEST_MAX];
        int status;

        fake_listen(&fake, 4);
        pid_t child = fork();
        if (child == 0) {
                sigaction(SIGUSR1, &action, NULL);
                _exit(get(fake.path, SHORT, &reply) == 0 ? 0 : 1);
        }
        int fd = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC);
        fake_receive(&fake, fd, request);
        usleep(1000 * SHORT / 5); /* until it waits */
        assert_int_equal(kill(child, SIGSTOP), 0);
        assert_int_equal(waitpid(child, &status, WUNTRACED), child);
        fake_send(fd, &answer);
        close(fd);
        usleep(1000 * 2 * SHORT);
        /* It interrupts the wait, else the kernel looks once more by itself. */
        assert_int_equal(kill(child, SIGUSR1), 0);
        assert_int_equal(kill(child, SIGCONT), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        fake_unlisten(&fake);
}

/* A signal every half millisecond neither ends the wait nor prolongs it. */
static void test_signals(void **state) {
        struct sigaction action = { .sa_handler = nothing }, before;
        struct itimerval storm = { { 0, 500 }, { 0, 500 } }, calm = { 0 };
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake = { 0 };
        struct timespec from, to;

        fake_listen(&fake, 4);
        sigaction(SIGALRM, &action, &before);
        setitimer(ITIMER_REAL, &storm, NULL);
        clock_gettime(CLOCK_MONOTONIC, &from);
        int r = get(fake.path, SHORT, &reply);
        clock_gettime(CLOCK_MONOTONIC, &to);
        setitimer(ITIMER_REAL, &calm, NULL);
        sigaction(SIGALRM, &before, NULL);
        assert_int_equal(r, -ETIMEDOUT);
        /* The deadline did end it: not before, and not after some other limit. */
        long msec = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
        assert_true(msec >= SHORT - 1 && msec < PATIENCE);
        fake_unlisten(&fake);
}

/* Closed without a word; no SIGPIPE, with its default action, ends the process. */
static void test_hung_up(void **state) {
        _cleanup_(secret_done) Secret body = SECRET_INIT;
        HttpReply reply = HTTP_REPLY_INIT;
        FakeTokend fake;

        fake_start(&fake);
        assert_int_equal(secret_reserve(&body, 4U << 20), 0);
        memset(body.text, 'x', 4U << 20);
        body.size = 4U << 20;
        signal(SIGPIPE, SIG_DFL);
        fake_script(&fake, &(FakeAnswer){ .hang_up = true }, 1);
        assert_int_equal(transport_unix_call(fake.path, UID_NONE, PATIENCE,
                                             &(HttpRequest){ .method = "POST", .path = "/",
                                                             .content_type = "a/b",
                                                             .body = &body },
                                             &reply), -EBADMSG);
        fake_stop(&fake);
}

/* With 0, 1 and 2 closed nothing of ours lands there; without descriptors it fails cleanly. */
static void test_descriptors(void **state) {
        HttpReply reply = HTTP_REPLY_INIT;
        struct rlimit limit, none;
        FakeTokend fake;
        int status;

        fake_start(&fake);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        for (rlim_t n = 0; n < 12; n++) {
                none = (struct rlimit){ n, limit.rlim_max };
                fake_script(&fake, &(FakeAnswer){ .bytes = whole_replies[0] }, 1);
                setrlimit(RLIMIT_NOFILE, &none);
                int r = get(fake.path, SHORT, &reply);
                setrlimit(RLIMIT_NOFILE, &limit);
                /* The fake may be the one that has none left. */
                assert_true(r == -EMFILE || r == -ETIMEDOUT || r == 0);
                http_reply_done(&reply);
        }

        fake_script(&fake, &(FakeAnswer){ .bytes = whole_replies[0] }, 1);
        pid_t child = fork();
        if (child == 0) {
                for (int fd = 0; fd < 3; fd++)
                        close(fd);
                int fd = -1;
                int r = peer_connect(fake.path, UID_NONE, deadline_in(PATIENCE), &fd);
                bool clean = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 &&
                             fcntl(2, F_GETFD) < 0;
                _exit(r == 0 && fd > 2 && clean && (fcntl(fd, F_GETFD) & FD_CLOEXEC) ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        fake_stop(&fake);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_call),
                cmocka_unit_test(test_bad_requests),
                cmocka_unit_test(test_whole_and_cut),
                cmocka_unit_test(test_nobody_there),
                cmocka_unit_test(test_untrusted_places),
                cmocka_unit_test(test_impostors),
                cmocka_unit_test(test_hangs),
                cmocka_unit_test(test_full_backlog),
                cmocka_unit_test(test_turns),
                cmocka_unit_test(test_stopped),
                cmocka_unit_test(test_signals),
                cmocka_unit_test(test_hung_up),
                cmocka_unit_test(test_descriptors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
