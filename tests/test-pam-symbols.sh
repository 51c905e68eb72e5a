#!/bin/sh
# test-pam-symbols.sh MODULE: what the module needs, shows and calls. It lives inside sshd and su,
# so it brings no library, no constructor and no call that changes or believes the host's
# environment.
set -eu
module=$1
status=0

complain() {
        echo "$*" >&2
        status=1
}

needed=$(readelf -dW "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | LC_ALL=C sort |
        tr '\n' ' ')
[ "$needed" = "libc.so.6 libpam.so.0 " ] || complain "needs: $needed"

shown=$(nm -D --defined-only "$module" | sed 's/.* //' | LC_ALL=C sort | tr '\n' ' ')
expected="pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session "
expected="${expected}pam_sm_open_session pam_sm_setcred "
[ "$shown" = "$expected" ] || complain "shows: $shown"

forbidden='setenv putenv clearenv getenv secure_getenv environ signal sigaction sigprocmask alarm
setitimer fork vfork clone posix_spawn execve system popen pthread_create pthread_once atexit
__cxa_atexit syslog vsyslog openlog __syslog_chk getpwnam getpwnam_r getpwuid getpwuid_r getgrnam
getaddrinfo gethostbyname select setlocale umask chdir exit abort rand random printf fprintf stderr
stdout strcpy strcat sprintf gets tmpnam dlopen'
for name in $forbidden; do
        if nm -D --undefined-only "$module" | sed 's/.* //; s/@.*//' | grep -qxF "$name"; then
                complain "calls $name"
        fi
done

# One entry each: the compiler's own frame_dummy and __do_global_dtors_aux.
readelf -dW "$module" | grep -E '\((INIT|FINI)_ARRAYSZ\)' | grep -vE ' 8 \(bytes\)| 4 \(bytes\)' &&
        complain "has constructors or destructors"

readelf -lW "$module" | grep -q GNU_RELRO || complain "no RELRO"
readelf -dW "$module" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || complain "not bound at load"
readelf -lW "$module" | grep GNU_STACK | grep -q RWE && complain "executable stack"

# No writable state of its own: .data and .bss hold the C runtime's words only.
size -A "$module" | awk '$1 == ".data" || $1 == ".bss" { sum += $2 } END { exit sum > 32 }' ||
        complain "has mutable state"
exit $status
