"""The servers that a user could pick instead of tokend, beside it on the same core.

    with peers.OidcProvider(bench) as peer:            # cores='0-1', live=100000 tokens to begin with
        tokens = peer.tokens(1000)
        found = peer.load('introspect', tokens)        # bench.load() with the peer's own request

.introspect, .issue and .password are requests for bench.load() (bytes; None where the peer has no such
thing), the first one with @ signs for a token; .expect says what each reply must contain; .address and
.pids are as those of bench's servers. PEERS has all. They come from peers/install, into build/peers
or TOKEND_PEERS; missing() says which have to be skipped, and why.

Invariant: each has a folder of its own, a port that was free, and ends with its "with".
"""

import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess

import bench as framework
import tokend as system

HERE = pathlib.Path(__file__).resolve().parent / 'peers'
FOLDER = pathlib.Path(os.environ.get('TOKEND_PEERS', framework.BUILD / 'peers')).resolve()
DEBIAN = FOLDER / 'debian/root'
LIBRARIES = DEBIAN / 'usr/lib/x86_64-linux-gnu'
CLIENT, SECRET, USER, PASSWORD = 'bench', 'secret-of-the-bench-client', 'ada', 'correct horse'
BASIC = {'Authorization': framework.Bench.basic(CLIENT, SECRET)}

installed = []


def install():
    """Once a run."""
    if not installed:
        installed.append(subprocess.run([HERE / 'install', FOLDER], stdin=subprocess.DEVNULL).returncode)


class Peer(contextlib.ExitStack):
    name = version = None
    introspect = issue = password = None
    expect = {'introspect': '"active":true', 'issue': '"access_token"', 'password': '"access_token"'}
    # what it checks a password with
    hashes = None
    # what the reply to issue or password calls the token
    key = 'access_token'

    def __init__(self, bench, cores=None, live=0):
        """live: so many tokens are there before the first request."""
        super().__init__()
        install()
        self.bench = bench
        self.cores = cores
        self.live = live
        self.folder = bench.file(self.name)
        self.folder.mkdir()

    def __enter__(self):
        super().__enter__()
        with contextlib.ExitStack() as undo:
            undo.push(self)
            self.start()
            self.bench.version(self.name, self.version)
            self.fill()
            undo.pop_all()
        return self

    def run(self, command, pattern, **options):
        """Starts it on the server's core, and waits for its port."""
        self.program = self.enter_context(
            self.bench.process(command, self.name, self.cores, cwd=self.folder, **options))
        self.port = system.wait_for(lambda: self.port_in(pattern), self.name)

    def fill(self):
        if self.live:
            self.load('issue', requests=self.live, exactly=True)

    def port_in(self, pattern):
        assert self.program.popen.poll() is None, self.program.output()
        found = re.search(pattern, self.program.output())
        return found and int(found[1])

    address = property(lambda self: f':{self.port}')
    pids = property(lambda self: self.program.pids)

    def output(self):
        return self.program.output()

    def ask(self, method, path, body=None, headers=None, status=200):
        """JSON, and the headers."""
        with contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.port, timeout=system.PATIENCE)) as c:
            headers = {**({'Content-Type': 'application/json'} if body is not None else {}), **(headers or {})}
            c.request(method, path, None if body is None else json.dumps(body), headers)
            reply = c.getresponse()
            text = reply.read().decode()
        assert reply.status == status, (method, path, reply.status, text, self.output())
        return json.loads(text or 'null'), reply.headers

    def tokens(self, count, what=None):
        """So many new ones."""
        head, _, body = getattr(self, what or ('issue' if self.issue else 'password')).partition(b'\r\n\r\n')
        method, path, _ = head.decode().partition('\r\n')[0].split()
        headers = dict(line.split(': ', 1) for line in head.decode().split('\r\n')[1:])
        made = []
        with contextlib.closing(http.client.HTTPConnection('127.0.0.1', self.port, timeout=system.PATIENCE)) as c:
            for _ in range(count):
                c.request(method, path, body, headers)
                reply = c.getresponse()
                text = reply.read().decode()
                assert reply.status == 200, (reply.status, text)
                made.append(json.loads(text)[self.key])
        # load() wants them of one length, which nearly all have
        return [token for token in made if len(token) == len(made[0])]

    def load(self, what, tokens=None, **options):
        """bench.load() of introspect (with tokens), issue or password."""
        request = getattr(self, what)
        if tokens:
            request = request.replace(b'@', b'@' * len(tokens[0]))
            length = len(request.partition(b'\r\n\r\n')[2])
            request = re.sub(rb'Content-Length: \d+', b'Content-Length: %d' % length, request)
        return self.bench.load(self, request, values=tokens, expect=self.expect[what], **options)


class Node(Peer):
    package = None

    def start(self):
        modules = FOLDER / 'node/node_modules'
        # node looks for packages beside the program
        (self.folder / 'node_modules').symlink_to(modules)
        shutil.copy(HERE / f'{self.name}.mjs', self.folder)
        self.version = json.loads((modules / self.package / 'package.json').read_text())['version']
        env = {key: value for key, value in os.environ.items() if not key.startswith('NODE_')}
        self.run(['node', f'{self.name}.mjs', str(self.live)], r'(?m)^port (\d+)$',
                 env={**env, 'NODE_ENV': 'production', 'NODE_NO_WARNINGS': '1'})
        self.bench.version('node', framework.first_line(['node', '--version']))

    @classmethod
    def missing(cls):
        if not shutil.which('node'):
            return 'node is not installed'
        there = (FOLDER / 'node/node_modules' / cls.package).exists()
        return None if there else f'{cls.package} could not be installed'


class OidcProvider(Node):
    name = package = 'oidc-provider'
    post = framework.Bench.post
    issue = post('/token', {'grant_type': 'client_credentials', 'scope': 'read'}, BASIC)
    introspect = post('/token/introspection', {'token': '@'}, BASIC)


class OAuth2Server(Node):
    name = 'oauth2-server'
    package = '@node-oauth/oauth2-server'
    post = framework.Bench.post
    issue = post('/token', {'grant_type': 'client_credentials'}, BASIC)
    password = post('/token', {'grant_type': 'password', 'username': USER, 'password': PASSWORD}, BASIC)
    introspect = post('/introspect', {'token': '@'}, BASIC)


class LoopBack(Node):
    """Its introspection is GET of one of an account's tokens."""
    name = package = 'loopback'
    key = 'id'
    hashes = 'bcrypt, cost 10'
    post = framework.Bench.post
    json = {'Content-Type': 'application/json'}
    issue = post('/v1/Accounts/1/accessTokens', '{"ttl":86400}', json)
    password = post('/v1/Accounts/login', f'{{"username":"{USER}","password":"{PASSWORD}"}}', json)
    introspect = b'GET /v1/Accounts/1/accessTokens/@ HTTP/1.1\r\nHost: localhost\r\n\r\n'
    expect = dict.fromkeys(('introspect', 'issue', 'password'), '"userId":1')

    def fill(self):
        """loopback.mjs did: asked for a token it reads all others."""


def shipped(name):
    return gzip.decompress((DEBIAN / 'usr/share/doc/glewlwyd' / name).read_bytes()).decode()


class Glewlwyd(Peer):
    """With its OAuth2 plugin, whose tokens are signed by a shared secret, the cheapest that it has."""
    name = 'glewlwyd'
    hashes = 'PBKDF2'
    post = framework.Bench.post
    form = {'scope': 'read'}
    issue = post('/api/bench/token', {'grant_type': 'client_credentials', **form}, BASIC)
    password = post('/api/bench/token', {'grant_type': 'password', 'username': USER, 'password': PASSWORD, **form},
                    BASIC)
    introspect = post('/api/bench/introspect', {'token': '@'}, BASIC)
    PLUGIN = {'url': 'bench', 'iss': 'http://localhost', 'jwt-type': 'sha', 'jwt-key-size': '256',
              'key': 'a secret of the benchmark for signatures', 'access-token-duration': 86400,
              'refresh-token-duration': 1209600, 'code-duration': 600, 'refresh-token-rolling': False,
              'auth-type-code-enabled': False, 'auth-type-implicit-enabled': False,
              'auth-type-password-enabled': True, 'auth-type-client-enabled': True,
              'auth-type-refresh-enabled': True, 'auth-type-device-enabled': False, 'scope': [],
              'additional-parameters': [], 'introspection-revocation-allowed': True,
              'introspection-revocation-allow-target-client': True, 'introspection-revocation-auth-scope': []}
    # what is changed of the configuration that it ships as a sample
    CONFIG = {'port': '{port}', 'external_url': '"http://localhost:{port}"', 'static_files_path': '"{folder}"',
              'log_level': '"WARNING"', 'cookie_secure': '0', 'path': '"{folder}/glewlwyd.db"'}

    # as its client credentials grant writes them, which would take an hour
    TOKENS = '''WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers)
        INSERT INTO gpg_access_token (gpga_plugin_name, gpga_authorization_type, gpga_client_id, gpga_issued_at,
                                      gpga_issued_for, gpga_user_agent, gpga_token_hash)
        SELECT 'bench', 3, ?, unixepoch(), '127.0.0.1', '', hex(randomblob(32)) FROM numbers LIMIT ?'''

    @classmethod
    def missing(cls):
        return None if (DEBIAN / 'usr/bin/glewlwyd').exists() else 'glewlwyd could not be installed'

    def start(self):
        self.database = self.folder / 'glewlwyd.db'
        self.port = system.free_port()
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.executescript(shipped('database/init.sqlite3.sql.gz'))
            database.execute(self.TOKENS, [CLIENT, self.live])
            database.execute("INSERT INTO gpg_access_token_scope (gpga_id, gpgas_scope) SELECT gpga_id, 'read' "
                             'FROM gpg_access_token')
            database.commit()
        config = self.folder / 'glewlwyd.conf'
        config.write_text(self.config())
        env = {**os.environ, 'LD_LIBRARY_PATH': str(LIBRARIES)}
        command = [DEBIAN / 'usr/bin/glewlwyd', f'--config-file={config}']
        self.program = self.enter_context(self.bench.process(command, self.name, self.cores, cwd=self.folder, env=env))
        system.wait_for(self.answers, self.name)
        self.version = framework.find(r'^glewlwyd (\S+)', DEBIAN.parent / 'versions')
        self.set_up()

    def fill(self):
        """start() did."""

    def config(self):
        text = shipped('glewlwyd.conf.sample.gz').replace('"/usr/lib/', f'"{DEBIAN}/usr/lib/')
        for key, value in self.CONFIG.items():
            value = value.format(port=self.port, folder=self.folder)
            text, found = re.subn(rf'(?m)^( *{key} *=).*$', lambda m: f'{m[1]} {value}', text)
            assert found == 1, key
        return text + 'bind_address="127.0.0.1"\n'

    def answers(self):
        assert self.program.popen.poll() is None, self.output()
        with contextlib.suppress(OSError):
            return self.ask('GET', '/config')

    def set_up(self):
        _, headers = self.ask('POST', '/api/auth', {'username': 'admin', 'password': 'password'})
        cookie = {'Cookie': headers['Set-Cookie'].partition(';')[0]}
        for path, body in (
                ('scope', {'name': 'read', 'display_name': 'read', 'password_required': False, 'scheme': {}}),
                ('mod/plugin', {'module': 'oauth2-glewlwyd', 'name': 'bench', 'display_name': 'bench',
                                'parameters': self.PLUGIN}),
                # a client's password would be hashed at each request, its secret is not
                ('client', {'client_id': CLIENT, 'name': CLIENT, 'client_secret': SECRET, 'confidential': True,
                            'enabled': True, 'token_endpoint_auth_method': ['client_secret_basic'],
                            'scope': ['read'], 'redirect_uri': ['http://localhost/'],
                            'authorization_type': ['client_credentials', 'password']}),
                ('user', {'username': USER, 'name': USER, 'password': PASSWORD, 'enabled': True,
                          'scope': ['read']})):
            self.ask('POST', f'/api/{path}/', body, cookie)


PEERS = [OidcProvider, OAuth2Server, LoopBack, Glewlwyd]


def present(bench, kinds=None):
    """Those that are there; of the others it is said why not."""
    install()
    for kind in kinds or PEERS:
        why = kind.missing()
        if why:
            bench.skip(f'{kind.name}: {why}')
        else:
            yield kind
