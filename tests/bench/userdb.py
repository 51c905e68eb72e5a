"""Looking up a user who exists only in tokend, as every program does it: getpwnam(3)."""

import pathlib
import statistics

import bench as framework

TITLE = 'Looking up a user'
ABOUT = ('`getpwnam` for one of 10,000 users whom tokend-userdb knows, through the nss-systemd of the distribution: in '
         'a process that asks again and again, and the first time in a fresh one. The peer is `files` with as many users '
         'in `/etc/passwd`, which is read from its beginning each time; the user stands in its middle.')

SOCKET = '/run/systemd/userdb/org.tokend'
N_USERS = 10_000
N_TIMES = 1_000


def passwd_lines(kind, count):
    return ''.join(f'{kind}-{number:05}:x:{70000 + number}:{70000 + number}:Somebody:/home/{kind}:/bin/bash\n'
                   for number in range(count))


def look_up(bench, service, name):
    printed = framework.output_of([*bench.pin('load'), bench.build / 'tests/nss-host', service, name,
                                   bench.small(N_TIMES, least=10)])
    first, *others = [int(line) / 1000 for line in printed.split()]
    return {'warm': statistics.median(others), 'first': first}


def userdb_pid(server):
    pid = server.process.pid
    return int(pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0])


def measure(bench):
    count = bench.small(N_USERS)
    middle = count // 2
    with bench.tokend(config={'Daemon': {'Userdb': SOCKET}}) as server:
        people = bench.folder / 'people'
        people.write_text(passwd_lines('tokend', count))
        server.ctl('user', 'import', f'--passwd={people}', timeout=300)
        with open('/etc/passwd', 'a') as file:  # of the machine of its own
            file.write(passwd_lines('local', count))

        def of_tokend():
            before = bench.cpu_usec([userdb_pid(server)])
            found = look_up(bench, 'systemd', f'tokend-{middle:05}')
            found['cpu'] = (bench.cpu_usec([userdb_pid(server)]) - before) / bench.small(N_TIMES, least=10)
            return found

        found = bench.rounds({'tokend': of_tokend,
                              'files': lambda: look_up(bench, 'files', f'local-{middle:05}')})
        rss = bench.rss(userdb_pid(server)) / 2**20

    for name, kind, text in (('tokend', 'tokend', 'tokend-userdb'), ('files', 'peer', 'files')):
        bench.row(text, {'again': (found[name]['warm'], 'µs'), 'first': (found[name]['first'], 'µs')}, kind=kind)
    bench.table('tokend-userdb itself')
    bench.row('tokend-userdb', {'CPU for a look-up': (found['tokend']['cpu'], 'µs'), 'resident': (rss, 'MiB')},
              kind='tokend')
    bench.bar('a warm look-up', found['tokend']['warm'], 500, unit='µs')
    bench.note(f'{count:,} users each. The first look-up of a process loads libnss_systemd.so.2, which is not tokend\'s.')
    bench.plot('bars', 'One of 10,000 users, asked again', 'µs', [
        ('tokend-userdb', found['tokend']['warm'], 'tokend'), ('files', found['files']['warm'], 'peer')])
