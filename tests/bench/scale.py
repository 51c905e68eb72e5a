"""Ten million tokens: starting with them, and listing some of them."""

import fcntl
import subprocess
import time

import resident
import seeded

TITLE = 'Start and lists with 10,000,000 tokens'
ABOUT = ('The daemon starts beside one with an empty store, with the file in the page cache and without; the 100 '
         'tokens of one user are listed over the socket; `tokenctl token list` prints 1,000,000 of another. The limits '
         'are those of the bars alone.')


def start(bench, path):
    """Seconds until READY=1, in ms."""
    began = time.monotonic()
    with bench.tokend(database=path):
        return {'ready': (time.monotonic() - began) * 1000}


def start_cold(bench, path):
    resident.dropped(path)
    return start(bench, path)


def starts(bench, path):
    empty = bench.file('empty.db')
    start(bench, empty)
    found = bench.rounds({'empty': lambda: start(bench, empty),
                          'page cache': lambda: start(bench, path),
                          'disk': lambda: start_cold(bench, path)})
    names = {'empty': 'an empty store', 'page cache': 'tokens, file in the page cache',
             'disk': 'tokens, file on the disk only'}
    bench.table('Until it is ready')
    for name, text in names.items():
        bench.row(text, {'ready after': (found[name]['ready'], 'ms')}, kind='limit' if name == 'empty' else 'tokend')
    for name in ('page cache', 'disk'):
        bench.bar(f'start, {names[name]}: more than an empty store', found[name]['ready'] - found['empty']['ready'],
                  200, unit='ms')


def peak(pid):
    """MiB; 0: it has ended."""
    with open(f'/proc/{pid}/status') as status:
        return int(next((line.split()[1] for line in status if line.startswith('VmHWM:')), 0)) / 1024


def print_list(bench, server, user):
    """What tokenctl and the daemon need for the list of a user: memory at most, MiB, and time."""
    command = [*bench.pin('load'), bench.build / 'client/ctl/tokenctl', f'--socket={server.socket}', '--json', 'token',
               'list', f'--user={user}']
    began, cpu = time.monotonic(), bench.cpu_usec(server.pids)
    process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    # little fits into the pipe: while there is something to read, its writer has not ended
    fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    rows = size = memory = 0
    while part := process.stdout.read1(1 << 20):
        if size >> 20 != size + len(part) >> 20 or size == 0:
            memory = max(memory, peak(process.pid))
        size += len(part)
        rows += part.count(b'}')
    if process.wait() != 0 or rows < 2 or memory == 0:
        raise RuntimeError(f'tokenctl: {process.returncode}, {rows} rows')
    return {'rows': rows - 1, 'tokenctl': memory, 'tokend': peak(server.process.pid),
            'seconds': time.monotonic() - began, 'cpu': (bench.cpu_usec(server.pids) - cpu) / rows}


def lists(bench, path):
    request = f'GET /v1/tokens?user={seeded.FEW}&limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n'.encode()
    with resident.held(path), bench.tokend(database=path) as server:
        found = bench.rounds({'tokend': lambda: bench.load(server, request, connections=1, requests=1000,
                                                           expect='"tokens":[{"id"')})['tokend']
        bench.table(f'The {seeded.N_FEW} tokens of one user')
        bench.row('tokend', {'median time': (found['usec.p50'] / 1000, 'ms'), '99 of 100': (found['usec.p99'] / 1000, 'ms'),
                             'server CPU': (found['cpu_usec'] / 1000, 'ms')}, kind='tokend')
        bench.bar(f'{seeded.N_FEW} tokens of one user', found['usec.p50'] / 1000, 2, unit='ms')

        # these fill SQLite's cache of pages
        rows = 0
        users = iter(range(seeded.N_USERS))
        while rows < 20_000:
            rows += print_list(bench, server, f'user-{next(users)}')['rows']
        some, all_of_many = print_list(bench, server, 'user-0'), print_list(bench, server, seeded.MANY)
    bench.table('`tokenctl --json token list`')
    for found in (some, all_of_many):
        bench.row(f'{found["rows"]:,} tokens', {'tokenctl, at most': (found['tokenctl'], 'MiB'),
                                                'tokend, at most': (found['tokend'], 'MiB'),
                                                'time': (found['seconds'], 's'),
                                                'server CPU a token': (found['cpu'], 'µs')}, kind='tokend')
    for who in ('tokenctl', 'tokend'):
        bench.bar(f'memory of {who} for {all_of_many["rows"]:,}, times that for {some["rows"]:,}',
                  all_of_many[who] / some[who], 1.05)


def measure(bench):
    path = bench.seeded(bench.small(10_000_000))
    starts(bench, path)
    lists(bench, path)
