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

# What changes or believes the host's environment, signals, processes, threads, timers, ids, locale,
# log or name service; what can end it; what can't be told how large its buffer is.
forbidden='setenv putenv unsetenv clearenv getenv secure_getenv environ __environ _environ
signal sigaction sigprocmask pthread_sigmask sigset sigaltstack signalfd raise kill alarm ualarm
setitimer timer_create sleep usleep nanosleep fork vfork clone unshare posix_spawn posix_spawnp execve
execv execvp execl execlp execle system popen wait waitpid wait4 prctl ptrace
pthread_create pthread_once pthread_atfork atexit __cxa_atexit on_exit exit _exit abort __assert_fail
syslog vsyslog openlog closelog setlogmask __syslog_chk __vsyslog_chk
setuid seteuid setreuid setresuid setgid setegid setregid setresgid setgroups initgroups setfsuid
getpwnam getpwnam_r getpwuid getpwuid_r getpwent getgrnam getgrnam_r getgrgid getgrouplist getlogin
getaddrinfo gethostbyname gethostname res_init select setlocale newlocale uselocale iconv_open gettext
tzset localtime localtime_r mktime umask chdir fchdir chroot setrlimit mallopt
rand random srand tmpnam mktemp printf puts fprintf stderr stdout perror gets strcpy strcat sprintf
vsprintf strtok dlopen dlsym dlmopen pam_misc_setenv pam_modutil_getpwnam'
called=$(nm -D --undefined-only "$module" | sed 's/.* //; s/@.*//')
for name in $forbidden; do
        if echo "$called" | grep -qxF "$name" || echo "$called" | grep -qxF "__${name}_chk"; then
                complain "calls $name"
        fi
done

# One entry each: the compiler's own frame_dummy and __do_global_dtors_aux.
readelf -dW "$module" | grep -E '\((INIT|FINI)_ARRAYSZ\)' | grep -vE ' 8 \(bytes\)| 4 \(bytes\)' &&
        complain "has constructors or destructors"

readelf -lW "$module" | grep -q GNU_RELRO || complain "no RELRO"
readelf -dW "$module" | grep -qE 'BIND_NOW|FLAGS_1.*NOW' || complain "not bound at load"
readelf -lW "$module" | grep GNU_STACK | grep -q RWE && complain "executable stack"
readelf -lW "$module" | grep -q ' TLS ' && complain "has thread-local state"
readelf -dW "$module" | grep -qE 'RPATH|RUNPATH|TEXTREL' && complain "has a search path or relocated text"
readelf -sW "$module" | grep -q ' IFUNC ' && complain "runs code when it is loaded"

# No writable state of its own: .data and .bss hold the C runtime's words only.
size -A "$module" | awk '$1 == ".data" || $1 == ".bss" { sum += $2 } END { exit sum > 32 }' ||
        complain "has mutable state"
exit $status
