"""Introspection of tokens that are in the cache."""

TITLE = 'Introspection of a cached token'
ABOUT = ('32 kept connections ask `POST /oauth/introspect` for one of 1,000 live tokens. The limit is a server on the '
         'same HTTP library that reads the same requests and answers with as many bytes, always the same.')


def tokens_of(server, bench, count):
    secret = server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret']
    basic = bench.basic('bench', secret)
    made = [server.request('POST', '/oauth/token', form={'grant_type': 'client_credentials'},
                           headers={'Authorization': basic}).json()['access_token'] for _ in range(count)]
    return basic, made


def measure(bench):
    with bench.tokend() as server:
        _, tokens = tokens_of(server, bench, bench.small(1000, 50))
        size = len(server.request('POST', '/oauth/introspect', form={'token': tokens[0]}).body)
        request = bench.post('/oauth/introspect', {'token': '@' * 64})
        with bench.fixed(size) as limit:
            found = bench.rounds({
                'tokend': lambda: bench.load(server, request, tokens, expect='"active":true'),
                'limit': lambda: bench.load(limit, request, tokens)})
    for name in ('tokend', 'limit'):
        bench.row(name, {'server CPU': (found[name]['cpu_usec'], 'µs'),
                         'requests': (found[name]['per_second'], '1/s')}, kind=name)
    bench.bar('server CPU, times the limit', found['tokend']['cpu_usec'] / found['limit']['cpu_usec'], 1.4)
