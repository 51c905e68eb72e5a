"""The bus from outside: the real dbus-daemon with the shipped policy, busctl and dbus-send."""

import json
import pathlib
import re
import subprocess

import pytest

import tokend as system

pytestmark = [pytest.mark.root, pytest.mark.sanitize]

NAME = 'org.tokend1'
PATH = '/org/tokend1'
MANAGER = 'org.tokend1.Manager'
TOKEN = 'org.tokend1.Token'
LOG = ('/org/freedesktop/LogControl1', 'org.freedesktop.LogControl1')
NO_TOKEN = '0' * 32


def is_on(bus):
    return bus.busctl('call', 'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                      'NameHasOwner', 's', NAME).stdout.strip() == 'b true'


@pytest.fixture
def daemon(bus, make_tokend):
    """With userdb: dbus-daemon lets nobody in whose uid has no name."""
    daemon = make_tokend({'Password': {'Throttle': 'no'}, 'Daemon': {'Userdb': '/run/systemd/userdb/org.tokend'}},
                         env={'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
    daemon.start(arguments=[f'--userdb-program={system.USERDB}'])
    system.wait_for(lambda: is_on(bus), 'the name on the bus')
    return daemon


@pytest.fixture
def ada(daemon):
    return daemon.add_user('ada')['uid']


@pytest.fixture
def bob(daemon):
    return daemon.add_user('bob')['uid']


def issue(daemon, owner, **options):
    flags = [f'--{key}={value}' for key, value in options.items()]
    return daemon.ctl_json('token', 'issue', owner, *flags)['id']


def log_in(daemon, user='ada'):
    """A login as the PAM module makes it."""
    return daemon.grant(user, form={'service': 'sshd', 'rhost': '192.0.2.7'}).json()


def get(bus, *place, **options):
    return json.loads(bus.busctl('--json=short', 'get-property', NAME, *place, **options).stdout)['data']


def token_path(id):
    return f'{PATH}/token/{id}'


def ids(tokens):
    return {token[0] for token in tokens}


def failure(bus, method, *arguments, uid=None, path=PATH, name=NAME):
    """(name, text) of the error that a call by dbus-send ends with."""
    command = ['dbus-send', f'--bus={bus.address}', '--print-reply', f'--dest={name}', path, method, *arguments]
    if uid is not None:
        command = ['setpriv', f'--reuid={uid}', f'--regid={uid}', '--clear-groups', *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=system.PATIENCE)
    assert done.returncode != 0, done.stdout
    return re.fullmatch(r'Error ([\w.]+): (.*)\n', done.stderr).groups()


class Monitor:
    """Everything that goes over the bus: as messages, and as the bytes on the wire."""

    def __init__(self, bus, folder, kind='monitor'):
        self.log = f'{folder}/{kind}.log'
        self.errors = open(f'{folder}/{kind}.err', 'w+')
        self.file = open(self.log, 'wb')
        self.popen = subprocess.Popen(['busctl', f'--address={bus.address}', '--json=short', kind], stdout=self.file,
                                      stderr=self.errors, stdin=subprocess.DEVNULL)
        if kind == 'monitor':
            system.wait_for(lambda: 'Monitoring' in open(self.errors.name).read(), 'the monitor')
        else:
            system.wait_for(lambda: self.raw() or not bus.busctl('list', check=False), 'the capture')

    def raw(self):
        with open(self.log, 'rb') as file:
            return file.read()

    def signals(self, member=None):
        lines = self.raw().decode().split('\n')[:-1]
        messages = [json.loads(line) for line in lines if line.startswith('{')]
        return [(m['member'], m['payload']['data']) for m in messages
                if m['type'] == 'signal' and m.get('path', '').startswith(PATH) and member in (None, m['member'])]

    def stop(self):
        self.popen.terminate()
        self.popen.wait()
        self.file.close()
        self.errors.close()


@pytest.fixture
def monitor(bus, daemon, folder):
    monitor = Monitor(bus, folder)
    yield monitor
    monitor.stop()


def test_tree_and_introspection(daemon, bus, ada):
    id = issue(daemon, '--user=ada', scopes='read,write')
    tree = bus.busctl('tree', '--list', NAME).stdout.split()
    assert {PATH, f'{PATH}/token', token_path(id), LOG[0]} <= set(tree)
    shown = bus.busctl('introspect', NAME, PATH).stdout
    for member in ('ListTokens', 'ListTokensEx', 'ListUserTokens', 'GetToken', 'RevokeToken', 'RevokeUser', 'Reload',
                   'Version', 'NTokens', 'NLogins', 'StoreState', 'ConfigState', 'TokenNew', 'TokenRemoved',
                   'TokensChanged'):
        assert re.search(rf'^\.{member} ', shown, re.M), member
    shown = bus.busctl('introspect', NAME, token_path(id)).stdout
    assert re.search(r'^\.Scopes +property +as +2 "read" "write" +const', shown, re.M), shown
    assert re.search(r'^\.State +property +s +"active" +emits-change', shown, re.M), shown


def test_tree_shows_to_others_their_own(daemon, bus, ada, bob):
    mine, others = issue(daemon, '--user=ada'), issue(daemon, '--user=bob')
    tree = bus.busctl('tree', '--list', NAME, uid=ada).stdout.split()
    assert token_path(mine) in tree and token_path(others) not in tree


def test_properties(daemon, bus, ada):
    log_in(daemon)
    version = subprocess.run([system.TOKEND, '--version'], capture_output=True, text=True).stdout.split()[1]
    seen = {name: get(bus, PATH, MANAGER, name, uid=ada)
            for name in ('Version', 'NTokens', 'NLogins', 'StoreState', 'ConfigState')}
    assert seen == {'Version': version, 'NTokens': 1, 'NLogins': 1, 'StoreState': 'ok', 'ConfigState': 'ok'}


def test_token_properties(daemon, bus, ada):
    login = log_in(daemon)
    row = daemon.ctl_json('token', 'show', login['id'])
    seen = {name: get(bus, token_path(login['id']), TOKEN, name)
            for name in ('Id', 'Uid', 'User', 'Client', 'Kind', 'Scopes', 'Service', 'RemoteHost', 'CreatedUSec',
                         'ExpiresUSec', 'Login', 'LastUsedUSec', 'State')}
    assert seen.pop('CreatedUSec') // 10**6 == row['created']
    assert seen.pop('ExpiresUSec') // 10**6 == row['expires']
    assert seen == {'Id': login['id'], 'Uid': ada, 'User': 'ada', 'Client': 'local', 'Kind': 'access', 'Scopes': [],
                    'Service': 'sshd', 'RemoteHost': '192.0.2.7', 'Login': login['login'], 'LastUsedUSec': 0,
                    'State': 'active'}
    assert daemon.is_active(login['access_token'])
    assert get(bus, token_path(login['id']), TOKEN, 'LastUsedUSec') > 0


def test_a_clients_own_token(daemon, bus):
    daemon.ctl('client', 'add', 'app')
    id = issue(daemon, '--client=app')
    assert get(bus, token_path(id), TOKEN, 'Uid') == 4294967295
    assert get(bus, token_path(id), TOKEN, 'User') == ''
    assert get(bus, token_path(id), TOKEN, 'Client') == 'app'


def test_list_tokens(daemon, bus, ada, bob):
    mine, others = issue(daemon, '--user=ada'), issue(daemon, '--user=bob')
    assert ids(bus.call('ListTokens')[0]) == {mine, others}
    (token,), = bus.call('ListTokens', uid=ada)
    row = daemon.ctl_json('token', 'show', mine)
    assert [token[0], token[1], token[2], token[5], token[6]] == [mine, ada, 'ada', 'local', token_path(mine)]
    assert [token[3] // 10**6, token[4] // 10**6] == [row['created'], row['expires']]
    assert bus.call('ListTokens', uid=65534) == [[]]


def test_list_user_tokens(daemon, bus, ada, bob):
    mine, others = issue(daemon, '--user=ada'), issue(daemon, '--user=bob')
    assert ids(bus.call('ListUserTokens', 'u', bob)[0]) == {others}
    assert ids(bus.call('ListUserTokens', 'u', ada, uid=ada)[0]) == {mine}
    assert failure(bus, f'{MANAGER}.ListUserTokens', f'uint32:{bob}', uid=ada)[0].endswith('.AccessDenied')
    assert failure(bus, f'{MANAGER}.ListUserTokens', 'uint32:4294967295')[0].endswith('.InvalidArgs')


def pages(bus, limit, *filter, uid=None):
    filter = filter or ('0',)
    cursor, found = '', []
    while True:
        tokens, cursor = bus.call('ListTokensEx', 'a{sv}us', *filter, limit, cursor, uid=uid)
        found.append([token['Id']['data'] for token in tokens])
        if not cursor:
            return found


def test_pages(daemon, bus, ada, bob):
    made = [issue(daemon, '--user=ada') for _ in range(7)]
    others = issue(daemon, '--user=bob')
    found = pages(bus, 3)
    assert [len(page) for page in found] == [3, 3, 2]
    assert sorted(sum(found, [])) == sorted([*made, others])
    assert sorted(sum(pages(bus, 3, '1', 'user', 's', 'ada'), [])) == sorted(made)
    assert pages(bus, 0, '1', 'uid', 'u', bob) == [[others]]
    assert sorted(sum(pages(bus, 2, '1', 'client', 's', 'local'), [])) == sorted([*made, others])
    assert sorted(sum(pages(bus, 3, uid=ada), [])) == sorted(made)
    refused = bus.busctl('call', NAME, PATH, MANAGER, 'ListTokensEx', 'a{sv}us', '1', 'user', 's', 'bob', '3', '',
                         uid=ada, check=False)
    assert refused.returncode != 0 and 'Access denied' in refused.stderr
    refused = bus.busctl('call', NAME, PATH, MANAGER, 'ListTokensEx', 'a{sv}us', '1', 'shoe', 's', 'x', '3', '',
                         check=False)
    assert refused.returncode != 0 and 'filter' in refused.stderr


def test_lists_are_bounded(daemon, bus, ada):
    form = {'user': 'ada'}
    for _ in range(11):
        answers = system.together(daemon.socket, [system.post('/v1/logins', form)] * 100)
        assert all(answer.startswith(b'HTTP/1.1 200') for answer in answers)
    name, text = failure(bus, f'{MANAGER}.ListTokens')
    assert name == 'org.freedesktop.DBus.Error.LimitsExceeded' and 'ListTokensEx' in text
    assert sum(map(len, pages(bus, 0))) == 1100
    xml = bus.call_node(f'{PATH}/token')
    assert len(re.findall(r'<node name="[0-9a-f]{32}"/>', xml)) == 1000


def test_get_token(daemon, bus, ada, bob):
    mine, others = issue(daemon, '--user=ada'), issue(daemon, '--user=bob')
    assert bus.call('GetToken', 's', mine, uid=ada) == [token_path(mine)]
    absent = failure(bus, f'{MANAGER}.GetToken', f'string:{NO_TOKEN}', uid=ada)
    assert absent == ('org.tokend1.NoSuchToken', 'no such token (token-unknown)')
    assert failure(bus, f'{MANAGER}.GetToken', f'string:{others}', uid=ada) == absent
    assert failure(bus, f'{MANAGER}.GetToken', 'string:not an id', uid=ada) == absent
    assert bus.call('GetToken', 's', others) == [token_path(others)]


def test_others_objects_look_absent(daemon, bus, ada, bob):
    others = issue(daemon, '--user=bob')
    for method, arguments in ((f'{TOKEN}.Revoke', []),
                              ('org.freedesktop.DBus.Properties.Get', [f'string:{TOKEN}', 'string:User']),
                              ('org.freedesktop.DBus.Properties.GetAll', [f'string:{TOKEN}'])):
        absent = failure(bus, method, *arguments, uid=ada, path=token_path(NO_TOKEN))
        assert failure(bus, method, *arguments, uid=ada, path=token_path(others)) == absent, method
    assert daemon.ctl_json('token', 'show', others)['user'] == 'bob'


def test_revoke_token(daemon, bus, ada, bob):
    token = daemon.ctl_json('token', 'issue', '--user=ada')
    others = daemon.ctl_json('token', 'issue', '--user=bob')
    assert daemon.is_active(token['access_token']) and daemon.is_active(others['access_token'])
    bus.call('RevokeToken', 's', token['id'], uid=ada)
    assert not daemon.is_active(token['access_token'])
    absent = failure(bus, f'{MANAGER}.RevokeToken', f'string:{NO_TOKEN}', uid=ada)
    assert absent == ('org.tokend1.NoSuchToken', 'no such token (token-unknown)')
    for id in (token['id'], others['id']):
        assert failure(bus, f'{MANAGER}.RevokeToken', f'string:{id}', uid=ada) == absent
    assert daemon.is_active(others['access_token'])
    bus.call('RevokeToken', 's', others['id'])
    assert not daemon.is_active(others['access_token'])


def test_revoke_by_the_object(daemon, bus, ada):
    token = daemon.ctl_json('token', 'issue', '--user=ada')
    bus.busctl('call', NAME, token_path(token['id']), TOKEN, 'Revoke', uid=ada)
    assert not daemon.is_active(token['access_token'])
    assert failure(bus, f'{TOKEN}.Revoke', path=token_path(token['id']))[0] in (
        'org.tokend1.NoSuchToken', 'org.freedesktop.DBus.Error.UnknownObject')


def test_revoke_user(daemon, bus, ada, bob):
    tokens = [daemon.ctl_json('token', 'issue', '--user=ada')['access_token'] for _ in range(3)]
    others = daemon.ctl_json('token', 'issue', '--user=bob')['access_token']
    assert failure(bus, f'{MANAGER}.RevokeUser', f'uint32:{bob}', uid=ada)[0].endswith('.AccessDenied')
    assert bus.call('RevokeUser', 'u', ada, uid=ada) == [3]
    assert not any(daemon.is_active(token) for token in tokens)
    assert daemon.is_active(others)
    assert bus.call('RevokeUser', 'u', bob) == [1]
    assert failure(bus, f'{MANAGER}.RevokeUser', 'uint32:77777')[0] == 'org.tokend1.NoSuchUser'


def test_errors_of_the_bus_itself(daemon, bus, ada):
    assert failure(bus, f'{MANAGER}.NoSuchMethod')[0] == 'org.freedesktop.DBus.Error.UnknownMethod'
    assert failure(bus, f'{MANAGER}.NoSuchMethod', uid=ada)[0] == 'org.freedesktop.DBus.Error.AccessDenied'
    assert failure(bus, f'{MANAGER}.RevokeToken')[0] == 'org.freedesktop.DBus.Error.InvalidArgs'
    assert failure(bus, f'{MANAGER}.RevokeToken', 'uint32:1')[0] == 'org.freedesktop.DBus.Error.InvalidArgs'
    assert failure(bus, f'{MANAGER}.ListTokens', path='/org')[0] == 'org.freedesktop.DBus.Error.UnknownObject'


def test_store_trouble_is_told(bus, folder, make_tokend):
    """A disk that fails is no missing token, and it is said for as long as it lasts."""
    fails = pathlib.Path(folder, 'fails')
    daemon = make_tokend(env=system.preload(system.SLOW_FDATASYNC, DBUS_SYSTEM_BUS_ADDRESS=bus.address,
                                            SLOW_FDATASYNC_FAIL_FILE=str(fails)))
    daemon.start()
    system.wait_for(lambda: is_on(bus), 'the name on the bus')
    daemon.add_user('ada')
    token = daemon.ctl_json('token', 'issue', '--user=ada')
    assert get(bus, PATH, MANAGER, 'StoreState') == 'ok'
    fails.touch()
    name, text = failure(bus, f'{MANAGER}.RevokeToken', f'string:{token["id"]}')
    assert name == 'org.tokend1.StoreUnavailable' and text.endswith('(store-unavailable)')
    assert get(bus, PATH, MANAGER, 'StoreState').startswith('store-unavailable: ')
    fails.unlink()
    bus.call('RevokeToken', 's', token['id'])
    assert not daemon.is_active(token['access_token'])
    assert get(bus, PATH, MANAGER, 'StoreState') == 'ok'


def test_nobody_else_owns_the_name(daemon, bus, ada):
    for uid in (ada, 65534):
        name, _ = failure(bus, 'org.freedesktop.DBus.RequestName', f'string:{NAME}', 'uint32:2', uid=uid,
                          path='/org/freedesktop/DBus', name='org.freedesktop.DBus')
        assert name == 'org.freedesktop.DBus.Error.AccessDenied'


def test_signals(daemon, bus, monitor, ada):
    login = log_in(daemon)
    single = issue(daemon, '--user=ada')
    bus.call('RevokeToken', 's', single)
    other = log_in(daemon)
    assert daemon.request('DELETE', f'/v1/logins/{other["login"]}?user=ada').status == 200
    expected = [
        ('TokenNew', [login['id'], token_path(login['id'])]),
        ('PropertiesChanged', [TOKEN, {'State': {'type': 's', 'data': 'revoked'}}, []]),
        ('TokenRemoved', [single, token_path(single), 'revoked']),
        ('TokenNew', [other['id'], token_path(other['id'])]),
        ('PropertiesChanged', [TOKEN, {'State': {'type': 's', 'data': 'revoked'}}, []]),
        ('TokenRemoved', [other['id'], token_path(other['id']), 'session-closed']),
    ]
    system.wait_for(lambda: len(monitor.signals()) >= len(expected), 'the signals')
    assert monitor.signals() == expected


def test_a_storm_is_counted(daemon, bus, monitor, ada):
    n = 400
    answers = system.together(daemon.socket, [system.post('/v1/logins', {'user': 'ada'})] * n)
    assert all(answer.startswith(b'HTTP/1.1 200') for answer in answers)

    def told():
        return len(monitor.signals('TokenNew')) + sum(data[0] for _, data in monitor.signals('TokensChanged'))

    system.wait_for(lambda: told() == n, 'every token is told of once')
    assert monitor.signals('TokensChanged')
    assert len(monitor.signals('TokenNew')) < n


def test_reload(daemon, bus, ada):
    assert failure(bus, f'{MANAGER}.Reload', uid=ada)[0] == 'org.freedesktop.DBus.Error.AccessDenied'
    daemon.config['Token'] = {'AccessLifetime': '1h'}
    daemon.write_config()
    bus.call('Reload')
    assert daemon.ctl_json('token', 'issue', '--user=ada')['expires_in'] == 3600

    daemon.config['Token'] = {'AccessLifetime': 'soon'}
    daemon.write_config()
    line = daemon.config_file.read_text().split('\n').index('AccessLifetime=soon') + 1
    name, text = failure(bus, f'{MANAGER}.Reload')
    assert name == 'org.freedesktop.DBus.Error.Failed'
    assert f'{daemon.config_file}:{line}: AccessLifetime=soon' in text
    assert get(bus, PATH, MANAGER, 'ConfigState').startswith(f'{daemon.config_file}:{line}: ')
    assert daemon.ctl_json('token', 'issue', '--user=ada')['expires_in'] == 3600

    daemon.config['Token'] = {'AccessLifetime': '2h'}
    daemon.write_config()
    bus.call('Reload')
    assert get(bus, PATH, MANAGER, 'ConfigState') == 'ok'
    assert daemon.ctl_json('token', 'issue', '--user=ada')['expires_in'] == 7200


def test_log_level(daemon, bus, ada):
    assert get(bus, *LOG, 'LogLevel') == 'info'
    assert get(bus, *LOG, 'SyslogIdentifier') == 'tokend'
    refused = bus.busctl('set-property', NAME, *LOG, 'LogLevel', 's', 'debug', uid=ada, check=False)
    assert refused.returncode != 0
    assert get(bus, *LOG, 'LogLevel') == 'info'
    bus.busctl('set-property', NAME, *LOG, 'LogLevel', 's', 'err')
    daemon.add_user('quiet')
    bus.busctl('set-property', NAME, *LOG, 'LogLevel', 's', 'info')
    daemon.add_user('loud')
    assert 'loud' in daemon.output() and 'quiet' not in daemon.output()
    assert bus.busctl('set-property', NAME, *LOG, 'LogLevel', 's', 'shrill', check=False).returncode != 0


def test_a_bus_that_comes_goes_and_comes_back(folder, make_tokend):
    daemon = make_tokend(env={'DBUS_SYSTEM_BUS_ADDRESS': f'unix:path={folder}/late/bus'}).start()
    daemon.add_user('ada')
    assert log_in(daemon)['access_token']
    for _ in range(2):
        bus = system.Bus(f'{folder}/late')
        try:
            system.wait_for(lambda: is_on(bus), 'the name on a new bus')
            assert ids(bus.call('ListTokens')[0]) == ids(
                [[token['id']] for token in daemon.ctl_json('token', 'list')['tokens']])
        finally:
            bus.stop()
            (bus.folder / 'bus').unlink(missing_ok=True)
        assert log_in(daemon)['access_token']


def test_nothing_waits_for_a_bus_that_hangs(daemon, bus, ada):
    bus.process.send_signal(system.signal.SIGSTOP)
    try:
        login = log_in(daemon)
        assert daemon.is_active(login['access_token'])
        daemon.ctl('token', 'revoke', login['id'])
        assert not daemon.is_active(login['access_token'])
    finally:
        bus.process.send_signal(system.signal.SIGCONT)
    assert bus.call('ListTokens') == [[]]


def test_no_secret_is_ever_on_the_bus(daemon, bus, folder, monitor):
    """Every byte of the bus while users and tokens come and go."""
    capture = Monitor(bus, folder, 'capture')
    password = 'a-password-that-nobody-else-has'
    daemon.add_user('carol', password, email='carol@example.org')
    app = daemon.ctl_json('client', 'add', 'app', '--grants=password,refresh_token')
    login = daemon.grant('carol', password, form={'service': 'sshd', 'rhost': '192.0.2.7', 'tty': 'pts/7'}).json()
    pair = daemon.grant('carol', password, form={'client_id': 'app', 'client_secret': app['client_secret']}).json()
    single = daemon.ctl_json('token', 'issue', '--user=carol')
    assert daemon.grant('carol', password + '-wrong').status == 400
    for token in (login, pair, single):
        assert daemon.is_active(token['access_token'])
    bus.call('ListTokens')
    bus.call('ListTokensEx', 'a{sv}us', '0', '0', '')
    bus.busctl('introspect', NAME, token_path(login['id']))
    bus.call('RevokeToken', 's', single['id'])
    refreshed = daemon.request('POST', '/oauth/token', form={
        'grant_type': 'refresh_token', 'refresh_token': pair['refresh_token'], 'client_id': 'app',
        'client_secret': app['client_secret']}).json()
    last = log_in_as(daemon, 'carol', password)
    daemon.ctl('user', 'remove', 'carol')
    issue_after = daemon.add_user('dave', password)
    bus.call('ListUserTokens', 'u', issue_after['uid'])
    assert daemon.request('POST', '/v1/logins', form={'user': 'dave'}).status == 200
    system.wait_for(lambda: len(monitor.signals('TokenNew')) >= 3, 'the last signal')
    system.wait_for(lambda: capture.raw().count(b'TokenNew') >= 3, 'the last signal on the wire')
    seen = monitor.raw() + capture.raw()
    capture.stop()
    assert single['id'].encode() in seen and login['id'].encode() in seen
    secrets = [password, app['client_secret'], *(
        token[name] for token in (login, pair, single, refreshed, last) for name in ('access_token', 'refresh_token')
        if name in token)]
    assert len(secrets) >= 9
    assert [secret for secret in secrets if secret.encode() in seen] == []
    assert not re.search(rb'(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])', seen)


def log_in_as(daemon, user, password):
    return daemon.grant(user, password, form={'service': 'sshd'}).json()
