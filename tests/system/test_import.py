"""tokenctl user import with the real daemon: whom it brings in, and that their passwords still do."""

import contextlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time

import pytest

import sshd as ssh
import stack
import tokend as system

pytestmark = pytest.mark.sanitize

SALTS = {
    'yescrypt': '$y$j9T$saltsaltsaltsaltsalt..$',
    'sha512crypt': '$6$rounds=1000$saltsaltsaltsalt$',
    'sha256crypt': '$5$rounds=1000$saltsaltsaltsalt$',
    'bcrypt': '$2b$05$saltsaltsaltsaltsaltsu',
    'md5crypt': '$1$saltsalt$',
}
HASHES = dict(zip(('ada', 'bob', 'eve', 'kim', 'lou'), SALTS))
DAY = 86400


def hash_of(password, method):
    """By the crypt(3) that passwd(1) uses."""
    done = subprocess.run(['perl', '-e', 'print crypt($ENV{PASSWORD}, $ENV{SALT})'], capture_output=True, text=True,
                          check=True, env=dict(os.environ, PASSWORD=password, SALT=SALTS[method]))
    assert done.stdout.startswith(SALTS[method][:3])
    return done.stdout


@pytest.fixture
def files(folder):
    return Files(folder)


class Files:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path


def passwd_line(name, uid, gid=None, password='x', shell='/bin/bash'):
    return f'{name}:{password}:{uid}:{uid if gid is None else gid}:{name} of old,,,:/home/{name}:{shell}\n'


def report(daemon, *options, status=0, **more):
    done = daemon.ctl('--json', 'user', 'import', *options, check=False, **more)
    assert done.returncode == status, done
    return json.loads(done.stdout)


def results(report):
    return {user.get('name'): user.get('reason', user['result']) for user in report['users']}


def test_passwd_and_shadow(daemon, files):
    people = ''.join(passwd_line(name, 20001 + i) for i, name in enumerate(HASHES))
    shadow = ''.join(f'{name}:{hash_of("secret of " + name, method)}:19000:0:99999:7:::\n'
                     for name, method in HASHES.items())
    system_accounts = passwd_line('root', 0) + passwd_line('daemon', 1) + passwd_line('nobody', 65534)
    passwd = files.write('passwd', system_accounts + people, 0o644)
    made = report(daemon, f'--passwd={passwd}', f'--shadow={files.write("shadow", shadow)}')
    assert (made['added'], made['skipped'], made['failed']) == (5, 3, 0)
    assert results(made) == {'root': 'system-account', 'daemon': 'system-account', 'nobody': 'nobody',
                             **{name: 'added' for name in HASHES}}
    for i, name in enumerate(HASHES):
        user = daemon.ctl_json('user', 'show', name)
        assert (user['uid'], user['gid'], user['home'], user['shell']) == (20001 + i, 20001 + i, f'/home/{name}',
                                                                           '/bin/bash')
        assert daemon.grant(name, f'secret of {name}').status == 200, name
        assert daemon.grant(name, 'secret of others').status == 400, name
    # once more: nothing is changed, and that is no failure
    again = report(daemon, f'--passwd={passwd}')
    assert (again['added'], again['skipped']) == (0, 8) and results(again)['ada'] == 'exists'


def test_what_shadow_says_beside_the_hash(daemon, files):
    today = int(time.time()) // DAY
    good = hash_of('secret', 'sha512crypt')
    shadow = files.write('shadow', ''.join([
        f'locked:!{good}:19000:0:99999:7:::\n',
        f'over:{good}:19000:0:99999:7::{today}:\n',
        f'chage0:{good}:19000:0:99999:7::0:\n',
        f'lasts:{good}:19000:0:99999:7::{today + 2}:\n',
        f'change:{good}:0:0:99999:7:::\n',
        'empty::19000:0:99999:7:::\n',
        'never:!:19000:0:99999:7:::\n',
        'strange:$99$nobody$knows:19000:0:99999:7:::\n',
    ]))
    passwd = files.write('passwd', ''.join(passwd_line(line.split(':')[0], 21000 + i) for i, line in
                                           enumerate(shadow.read_text().splitlines())), 0o644)
    made = report(daemon, f'--passwd={passwd}', f'--shadow={shadow}', status=1)
    assert {name for name, result in results(made).items() if result != 'added'} == {'strange'}
    assert results(made)['strange'] == 'invalid-value'
    reason = {name: daemon.grant(name, 'secret').json().get('reason') for name in results(made)}
    assert reason == {'locked': 'wrong-password', 'over': 'user-expired', 'chage0': 'user-expired', 'lasts': None,
                      'change': 'password-must-change', 'empty': 'wrong-password', 'never': 'wrong-password',
                      'strange': 'user-unknown'}
    assert daemon.ctl_json('user', 'show', 'change')['state'] == 'password-must-change'
    assert daemon.ctl_json('user', 'show', 'lasts')['expires'] == (today + 2) * DAY
    assert daemon.grant('empty', '').status == 400
    assert [user['name'] for user in made['users'] if user.get('password_was_empty')] == ['empty']


def test_shadow_alone(daemon, files):
    """The machine knows who is the system's; who never had a password is left out."""
    good = hash_of('secret', 'sha512crypt')
    shadow = files.write('shadow', f'root:{good}:1::::::\ndaemon:*:1::::::\nsvc:!*:1::::::\nada:{good}:1::::::\n')
    made = report(daemon, f'--shadow={shadow}')
    assert results(made) == {'root': 'system-account', 'daemon': 'system-account', 'svc': 'no-password', 'ada': 'added'}
    assert 70000 <= daemon.ctl_json('user', 'show', 'ada')['uid'] <= 99999
    assert daemon.grant('ada', 'secret').status == 200


def test_another_group_is_told(daemon, files):
    passwd = files.write('passwd', passwd_line('ada', 20001, 100) + passwd_line('bob', 20002))
    done = daemon.ctl('user', 'import', f'--passwd={passwd}')
    assert done.stdout == (f'{passwd}:1: ada: its group is 20001 now, in the file it is 100 (gid-differs)\n'
                           '2 users added, 0 skipped, 0 failed.\n')


@pytest.mark.root
def test_the_machines_own_files(daemon):
    """Adopted: they keep uid, gid, home and shell, and their passwords."""
    stack.needs_machine()
    with ssh.local_user('local-ada', 'secret of ada'), ssh.local_user('local-bob', 'secret of bob'):
        subprocess.run(['usermod', '--gid', 'users', 'local-ada'], check=True)
        subprocess.run(['usermod', '--lock', 'local-bob'], check=True)
        made = report(daemon, '--passwd=/etc/passwd', '--shadow=/etc/shadow')
        assert {name for name, result in results(made).items() if result == 'added'} >= {'local-ada', 'local-bob'}
        assert results(made)['root'] == 'system-account' and results(made)['nobody'] == 'nobody'
        assert not any('gid_in_file' in user for user in made['users'])
        ada = daemon.ctl_json('user', 'show', 'local-ada')
        assert ada['adopted'] and ada['gid'] == 100
        assert daemon.grant('local-ada', 'secret of ada').status == 200
        assert daemon.grant('local-bob', 'secret of bob').status == 400


def test_csv(daemon, files):
    daemon.add_user('boss', 'secret')
    path = files.write('people.csv', (
        'name,uid,email,partner_id,role,parent,scopes,groups,home,shell,password,hash,state,expires,ssh_keys\r\n'
        'ada,20001,ada@example.org,P-1,admin,boss,read write,users,/srv/ada,/bin/sh,"pass ""word"", ä",,,2040-01-01,\r\n'
        f'bob,,,,,,,,,,,{hash_of("secret", "sha512crypt")},password-must-change,,\r\n'
        'eve,,,,,,,,,,secret,,locked,never,\r\n'
        'bad,,,,,,,no-such-group,,,secret,,,,\r\n'
        'lost,,,,,nobody-knows,,,,,secret,,,,\r\n'
        'both,,,,,,,,,,secret,$6$x,,,\r\n'
        'kim,,,,,,,,,,secret,,asleep,,\r\n'))
    made = report(daemon, f'--csv={path}', status=1, env=dict(os.environ, TZ='UTC'))
    assert results(made) == {'ada': 'added', 'bob': 'added', 'eve': 'added', 'bad': 'group-unknown',
                             'lost': 'user-unknown', 'both': 'invalid-request', 'kim': 'invalid-value'}
    ada = daemon.ctl_json('user', 'show', 'ada')
    assert {key: ada[key] for key in ('uid', 'email', 'partner_id', 'role', 'scopes', 'groups', 'home', 'shell',
                                      'expires')} == {
        'uid': 20001, 'email': 'ada@example.org', 'partner_id': 'P-1', 'role': 'admin', 'scopes': ['read', 'write'],
        'groups': ['users'], 'home': '/srv/ada', 'shell': '/bin/sh', 'expires': 2208988800}
    assert ada['parent'] == daemon.ctl_json('user', 'show', 'boss')['id']
    assert daemon.grant('ada', 'pass "word", ä').status == 200
    assert daemon.ctl_json('user', 'show', 'bob')['state'] == 'password-must-change'
    assert daemon.ctl_json('user', 'show', 'eve')['state'] == 'locked'


def test_json_lines_go_round(daemon, make_tokend, files):
    """What one tokend shows of its users another one takes; passwords, which are not shown, stay behind."""
    daemon.add_user('ada', 'secret', email='ada@example.org', scopes='read', expires='2040-01-01')
    daemon.add_user('bob', 'secret')
    shown = daemon.ctl_json('user', 'list')['users']
    path = files.write('users.json', ''.join(json.dumps(user) + '\n' for user in shown), 0o644)
    other = make_tokend(name='other').start()
    done = other.ctl('user', 'import', f'--json-lines={path}')
    assert 'everybody' not in done.stderr  # no secrets in it
    for user in shown:
        copy = other.ctl_json('user', 'show', user['name'])
        assert {**copy, 'created': 0} == {**user, 'created': 0}


def test_dry_run_changes_nothing(daemon, files):
    daemon.add_user('ada', 'secret')
    path = files.write('users.json', '{"name": "ada"}\n{"name": "bob", "password": "x"}\n{"name": "b/b"}\n')
    tried = report(daemon, f'--json-lines={path}', '--dry-run', status=1)
    assert (tried['dry_run'], tried['added'], tried['skipped'], tried['failed']) == (True, 1, 1, 1)
    assert [user['name'] for user in daemon.ctl_json('user', 'list')['users']] == ['ada']


def test_no_secret_is_shown(daemon, files):
    canaries = [f'canary-{i}-password' for i in range(8)]
    path = files.write('people.csv', (
        f'name,password,uid\nada,{canaries[0]},\nada,{canaries[1]},\nbob,{canaries[2]},x\n{canaries[3]},eve\n'
        f'kim,"{canaries[4]}"x,\nlou,"{canaries[5]},\nzoe,{canaries[6]},5\nmax,{canaries[7]}\xff,\n').encode('latin-1'),
        0o644)
    shown = ''
    for options in ((), ('--json',), ('--dry-run',)):
        done = daemon.ctl('user', 'import', f'--csv={path}', *options, check=False)
        assert done.returncode == 1
        assert f'{path}: there are people\'s secrets in it' in done.stderr
        shown += done.stdout + done.stderr
    shown += daemon.output()
    assert 'ada' in shown and [canary for canary in canaries if canary in shown] == []


def test_others_than_administrators_import_nobody(daemon, files):
    path = files.write('users.json', '{"name": "ada"}\n{"name": "bob"}\n', 0o644)
    done = daemon.ctl('user', 'import', f'--json-lines={path}', check=False, uid=12345)
    assert done.returncode == 1 and '(access-denied)' in done.stderr
    assert '2 not tried' in done.stdout


def test_tokend_goes_away_in_the_middle(daemon, files):
    """Who was added is reported; the same file again adds the rest."""
    path = files.write('users.json', ''.join(f'{{"name": "user{i}"}}\n' for i in range(3000)))
    command = [system.TOKENCTL, f'--socket={daemon.socket}', '--json', 'user', 'import', f'--json-lines={path}']
    importing = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    system.wait_for(lambda: daemon.ctl_json('user', 'list')['users'], 'the first ones are in')
    daemon.kill()
    out, err = importing.communicate(timeout=system.PATIENCE)
    first = json.loads(out)
    assert importing.returncode in (1, 3) and err.count('tokenctl: ') >= 1
    assert 0 < first['added'] < 3000 and first['added'] + first['not_tried'] == 3000
    daemon.start()
    second = report(daemon, f'--json-lines={path}')
    assert second['added'] + second['skipped'] == 3000 and second['failed'] == 0
    # the one that was under way may have got in
    assert first['added'] <= second['skipped'] <= first['added'] + 1


def on_terminal(command, columns=60):
    """Standard error on a terminal; what was drawn there, and standard output."""
    master, slave = pty.openpty()
    subprocess.run(['stty', 'cols', str(columns)], stdin=slave, check=True)
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    drawn = b''
    with contextlib.suppress(OSError):
        while select.select([master], [], [], system.PATIENCE)[0] and (part := os.read(master, 65536)):
            drawn += part
    out = process.stdout.read()
    assert process.wait(system.PATIENCE) == 0
    os.close(master)
    return drawn.decode(), out.decode()


def test_progress_on_a_terminal(daemon, files):
    path = files.write('users.json', ''.join(f'{{"name": "user{i}"}}\n' for i in range(1000)))
    drawn, out = on_terminal([system.TOKENCTL, f'--socket={daemon.socket}', 'user', 'import', f'--json-lines={path}'])
    bars = [line for line in drawn.split('\r') if line.startswith('[')]
    assert len(bars) >= 2 and all(len(bar.removesuffix('\x1b[K')) < 60 for bar in bars), drawn
    assert drawn.count('\n') == 1 and drawn.split('\r')[-2].startswith('\x1b[K1000 of 1000 users in ')
    assert out == '1000 users added, 0 skipped, 0 failed.\n'


def test_words_of_the_report_stand_in_the_page():
    source = (system.ROOT / 'client/ctl/import-entry.c').read_text()
    words = set(re.findall(r'ROW\(\w+,\s*(?:SKIPPED|FAILED),\s*"([a-z0-9-]+)"', source))
    words |= set(re.findall(r'\(([a-z-]+)\)\\n"', (system.ROOT / 'client/ctl/import-report.c').read_text()))
    words |= {'password-was-empty'}
    assert {'exists', 'wrong-fields', 'gid-differs'} < words
    page = (system.ROOT / 'docs/man/tokenctl.1').read_text().replace('\\-', '-')
    assert {word for word in words - {'refused', 'not-tried'} if f' {word}' not in page} == set()


def test_large_files(daemon, files):
    """No time that grows with the square of their lines."""
    count = 40000
    text = 'name,uid\n' + ''.join(f'user{i},5\n' for i in range(count))
    path = files.write('people.csv', text)
    begun = time.monotonic()
    made = report(daemon, f'--csv={path}')
    assert made['skipped'] == count and time.monotonic() - begun < system.PATIENCE
