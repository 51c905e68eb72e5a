"""meson install puts everything where distributions expect it, and what it puts there is sound."""

import json
import os
import pathlib
import re
import stat
import subprocess
import time

import pytest

import stack
import tokend as system

UNITS = ['tokend.service', 'tokend.socket', 'tokend-userdb.service', 'tokend-userdb.socket']

# A program of somebody who only has the installed header.
PROGRAM = '''
#include <stdio.h>
#include <tokend.h>

int main(void) {
        tokend_t *t = NULL;
        int r = tokend_new(&t);

        if (r == 0)
                r = tokend_set_socket(t, "/nowhere/tokend.sock");
        if (r == 0)
                r = tokend_revoke(t, "none");
        printf("%s", t ? tokend_error_reason(t) : "out of memory");
        tokend_free(t);
        return r == 0;
}
'''


def output_of(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True,
                          **options).stdout


def install(destination):
    subprocess.run(['meson', 'install', '-C', system.BUILD, '--no-rebuild', '--quiet'], check=True,
                   capture_output=True, env=dict(os.environ, DESTDIR=str(destination),
                                                 PATH='/usr/sbin:/usr/bin:/sbin:/bin'))


@pytest.fixture(scope='module')
def libdir():
    options = json.loads(output_of('/usr/bin/meson', 'introspect', '--buildoptions', system.BUILD))
    values = {option['name']: option['value'] for option in options}
    assert (values['prefix'], values['sysconfdir']) == ('/usr', '/etc')
    return f'usr/{values["libdir"]}'


@pytest.fixture(scope='module')
def tree(tmp_path_factory):
    destination = tmp_path_factory.mktemp('destination')
    install(destination)
    return destination


def expected_files(libdir):
    pages = (system.ROOT / 'docs/man').iterdir()
    documents = (system.ROOT / 'docs').glob('*.md')
    figures = (system.ROOT / 'docs/performance').iterdir()
    return {
        'usr/bin/tokenctl',
        'usr/sbin/tokend',
        'usr/libexec/tokend-userdb',
        f'{libdir}/security/pam_tokend.so',
        f'{libdir}/security/pam_tokd.so',
        f'{libdir}/libtokend.so',
        f'{libdir}/libtokend.so.0',
        f'{libdir}/libtokend.so.0.1.0',
        f'{libdir}/pkgconfig/libtokend.pc',
        'usr/include/tokend.h',
        *(f'lib/systemd/system/{unit}' for unit in UNITS),
        'usr/lib/sysusers.d/tokend.conf',
        'usr/lib/tmpfiles.d/tokend.conf',
        'usr/share/dbus-1/system.d/org.tokend1.conf',
        'usr/share/dbus-1/system-services/org.tokend1.service',
        'usr/share/bash-completion/completions/tokenctl',
        *(f'usr/share/doc/tokend/pam.d/{path.name}' for path in (system.ROOT / 'pam/snippets').iterdir()),
        'usr/share/pam-configs/tokend',
        'usr/share/pam-configs/tokend-password',
        *(f'usr/share/authselect/vendor/tokend/{path.name}'
          for path in (system.ROOT / 'pam/profiles/authselect').iterdir()),
        *(f'usr/share/doc/tokend/{path.name}' for path in documents),
        *(f'usr/share/doc/tokend/performance/{path.name}' for path in figures),
        *(f'usr/share/man/man{path.name[-1]}/{path.name}' for path in pages),
        'etc/tokend/tokend.conf',
    }


def test_files(tree, libdir):
    found = {str(path.relative_to(tree)) for path in tree.rglob('*') if not path.is_dir()}
    assert found == expected_files(libdir)
    assert (tree / 'etc/tokend/tokend.conf.d').is_dir()


def test_modes(tree):
    for path in tree.rglob('*'):
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert path.is_symlink() or mode & 0o7022 == 0, (path, oct(mode))
    assert stat.S_IMODE((tree / 'etc/tokend/tokend.conf').stat().st_mode) == 0o640
    for program in ('usr/bin/tokenctl', 'usr/sbin/tokend', 'usr/libexec/tokend-userdb'):
        assert stat.S_IMODE((tree / program).stat().st_mode) == 0o755


def test_an_edited_configuration_stays(tmp_path):
    install(tmp_path)
    config = tmp_path / 'etc/tokend/tokend.conf'
    config.write_text('[Http]\nListen=\n')
    (tmp_path / 'usr/sbin/tokend').unlink()
    install(tmp_path)
    assert config.read_text() == '[Http]\nListen=\n'
    assert (tmp_path / 'usr/sbin/tokend').exists()


def test_the_installed_configuration_is_good(tree):
    done = output_of(tree / 'usr/sbin/tokend', '--check', f'--config={tree}/etc/tokend/tokend.conf')
    assert done.endswith(': good\n')


def test_no_path_of_the_build_is_left_in_a_unit(tree):
    for unit in UNITS:
        text = (tree / 'lib/systemd/system' / unit).read_text()
        assert not re.search(r'@\w+@', text) and str(system.BUILD) not in text
        for program in re.findall(r'^ExecStart=(\S+)', text, re.M):
            assert (tree / program.lstrip('/')).exists(), program


def test_a_program_can_be_built_against_the_library(tree, libdir, tmp_path):
    environment = dict(os.environ, PKG_CONFIG_SYSROOT_DIR=str(tree), PKG_CONFIG_LIBDIR=str(tree / libdir / 'pkgconfig'))
    assert output_of('pkg-config', '--modversion', 'libtokend', env=environment) == '0.1.0\n'
    flags = output_of('pkg-config', '--cflags', '--libs', 'libtokend', env=environment).split()
    (tmp_path / 'program.c').write_text(PROGRAM)
    subprocess.run(['gcc', '-std=c99', '-pedantic', '-Wall', '-Wextra', '-Werror', '-o', tmp_path / 'program',
                    tmp_path / 'program.c', *flags], check=True)
    assert 'libtokend.so.0' in output_of('readelf', '-d', tmp_path / 'program')
    assert output_of(tmp_path / 'program', env={'LD_LIBRARY_PATH': str(tree / libdir)}) == 'daemon-unreachable'


def needed(path):
    return set(re.findall(r'\(NEEDED\).*\[(.*)\]', output_of('readelf', '-d', path)))


def exported(path):
    lines = output_of('nm', '-D', '--defined-only', path).splitlines()
    return {line.split()[-1].split('@')[0] for line in lines if line.split()[-2] not in 'Aa'}


def test_the_module_needs_and_shows_next_to_nothing(tree, libdir):
    module = tree / libdir / 'security/pam_tokend.so'
    assert needed(module) == {'libpam.so.0', 'libc.so.6'}
    assert exported(module) == {'pam_sm_authenticate', 'pam_sm_setcred', 'pam_sm_acct_mgmt', 'pam_sm_open_session',
                                'pam_sm_close_session', 'pam_sm_chauthtok'}


def test_the_library_exports_what_its_header_declares(tree, libdir):
    header = (tree / 'usr/include/tokend.h').read_text()
    declared = set(re.findall(r'\b(tokend_\w+)\(', re.sub(r'/\*.*?\*/', '', header, flags=re.S)))
    assert declared and exported(tree / libdir / 'libtokend.so') == declared


def test_the_daemon_is_not_linked_with_what_it_has_no_use_for(tree):
    libraries = {name.split('.so')[0] for name in needed(tree / 'usr/sbin/tokend')}
    assert libraries & {'libcurl', 'libcurl-gnutls', 'libpam', 'libpq', 'libssl'} == set()
    # what answers for users has no store, no hashes and no HTTP in it
    assert {name.split('.so')[0] for name in needed(tree / 'usr/libexec/tokend-userdb')} <= {'libsystemd', 'libc'}


def test_programs_are_hardened(tree, libdir):
    for path in ('usr/bin/tokenctl', 'usr/sbin/tokend', 'usr/libexec/tokend-userdb', f'{libdir}/security/pam_tokend.so'):
        assert 'DYN' in output_of('readelf', '-h', tree / path), path
        assert 'GNU_RELRO' in output_of('readelf', '-lW', tree / path), path
        assert re.search(r'BIND_NOW|\bNOW\b', output_of('readelf', '-d', tree / path)), path


# From here on what tests/machine has installed for real.

def installed_units():
    return [f'/lib/systemd/system/{unit}' for unit in UNITS]


@pytest.mark.root
def test_systemd_finds_nothing_in_the_units(tree):
    for path in installed_units():
        assert open(path).read() == (tree / path.lstrip('/')).read_text(), 'tests/machine installs it'
    done = subprocess.run(['systemd-analyze', 'verify', *installed_units()], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.root
@pytest.mark.parametrize('unit', ['tokend.service', 'tokend-userdb.service'])
def test_the_services_are_little_exposed(unit):
    text = output_of('systemd-analyze', 'security', '--offline=true', '--no-pager', f'/lib/systemd/system/{unit}')
    level = re.search(r'Overall exposure level for \S+: ([\d.]+)', text)[1]
    print(f'{unit}: {level}')
    assert float(level) < 2.0
    # the figures that people read
    assert f'{level} for {unit.removesuffix(".service")}' in (system.ROOT / 'docs/security.md').read_text().replace(
        '\n', ' ')


@pytest.mark.root
def test_the_account_and_the_folders(tree):
    account = output_of('getent', 'passwd', 'tokend').strip().split(':')
    assert account[5] == '/var/lib/tokend' and account[6].endswith('nologin') and 0 < int(account[2]) < 1000
    expected = {
        '/run/tokend': 'root:root 755',
        '/run/tokend/userdb': 'tokend:tokend 755',
        '/run/tokend/tokens': 'root:root 711',
        '/var/lib/tokend': 'tokend:tokend 700',
        '/etc/tokend': 'root:tokend 750',
        '/etc/tokend/tokend.conf': 'root:tokend 640',
        '/etc/tokend/tokend.conf.d': 'root:tokend 750',
    }
    for path, owner_and_mode in expected.items():
        assert output_of('stat', '-c', '%U:%G %a', path).strip() == owner_and_mode, path


@pytest.mark.root
def test_files_of_dead_sessions_do_not_stay_for_ever(tree):
    """As long as a token can live, however often somebody reads them."""
    stack.needs_machine()
    folder = pathlib.Path('/run/tokend/tokens')
    day = 24 * 3600
    assert re.search(r'^Default:\n\.Ql 365d$', (system.ROOT / 'docs/man/tokend.conf.5').read_text().partition(
        '.It Cm MaximumLifetime=\n')[2].partition('.It Cm ')[0], re.M)
    ages = {'0' * 32: 0, '1' * 32: 364 * day, '2' * 32: 366 * day}
    for name, age in ages.items():
        (folder / name).write_text('token')
        os.utime(folder / name, (time.time(), time.time() - age))
    try:
        output_of('systemd-tmpfiles', '--clean', 'tokend.conf')
        assert sorted(path.name for path in folder.iterdir()) == ['0' * 32, '1' * 32]
    finally:
        for name in ages:
            (folder / name).unlink(missing_ok=True)
