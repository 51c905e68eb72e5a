#!/usr/bin/python3
"""docs/performance.md and its plots, from the figures in docs/performance/*.json and nothing else.

    tests/bench/report.py [FOLDER]     writes them again; FOLDER in place of docs

Plots are SVG, by gnuplot; a style that is put into them turns them dark where the reader's screen is.
"""

import json
import math
import pathlib
import re
import statistics
import subprocess
import sys
import textwrap

DOCS = pathlib.Path(__file__).resolve().parents[2] / 'docs'

# The order of the document; what has no place here comes behind, by its name.
ORDER = ['introspect', 'uncached', 'issue', 'passwords', 'login', 'userdb', 'memory', 'scale', 'expiry', 'engines']

INTRODUCTION = '''\
# Performance

What tokend costs, beside what the machine can do at all and beside what one would take instead. All of it is measured
by one command, which installs what it needs, works on a machine of its own and leaves nothing behind:

```sh
tests/bench/run          # everything
tests/bench/run login    # one benchmark; --list names them
```

In each benchmark everything runs in turn, A B A B, round after round, the first of which only warms up; where a round
takes minutes (memory, and the end of very many tokens) none does. Servers have one core, and what asks them another.
A *limit* does the same work without tokend, on the same machine in the same minutes: a server on the same HTTP
library with a reply that is always the same, the same SQLite statements in a loop, the hash alone. A *bar* is how
close to it tokend has to come. Ratios are taken round by round: neighbours on the host move times by half and more,
such ratios by a tenth. For the same reason CPU time says more than requests a second.

Each figure is the median, with the least and the most in brackets. The values of all rounds are in
[docs/performance](performance), from which this page is made.
'''

# Light, as gnuplot draws it, and dark. Its SVG has colours in these very words.
PALETTE = {'paper': ('#ffffff', '#0d1117'), 'ink': ('#24292f', '#e6edf3'), 'grid': ('#d0d7de', '#30363d'),
           'tokend': ('#0969da', '#58a6ff'), 'limit': ('#8c959f', '#6e7681'), 'peer': ('#bc4c00', '#f0883e'),
           'green': ('#1a7f37', '#3fb950'), 'violet': ('#8250df', '#bc8cff'), 'red': ('#cf222e', '#ff7b72')}
SERIES = ['tokend', 'peer', 'green', 'violet', 'red']
WIDTH = 760


def number(value):
    """With the digits that say something."""
    if value == 0:
        return '0'
    if abs(value) >= 100:
        return f'{value:,.0f}'
    return f'{value:.1f}' if abs(value) >= 10 else f'{value:.2f}' if abs(value) >= 0.1 else f'{value:.2g}'


def precise(value):
    """For what is compared with a bar."""
    return f'{value:.3f}' if abs(value) < 10 else number(value)


def extremes(values, form=number):
    middle = form(statistics.median(values))
    return f'{middle} ({form(min(values))}–{form(max(values))})' if len(values) > 1 else middle


def limit_of(bar):
    return f'at most {bar["most"]:,}' if bar['most'] is not None else f'at least {bar["at_least"]:,}'


def is_met(bar):
    return 'met' if bar['met'] else '**missed**'


# Figures

def rounded(value):
    """What is kept of a figure: more digits say nothing."""
    if isinstance(value, float):
        return float(f'{value:.6g}')
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, (list, tuple)) else value


def keep(result, docs=DOCS):
    text = json.dumps(rounded(result), indent=1, ensure_ascii=False)
    # lists of numbers on one line
    text = re.sub(r'\[[\s\d.,e+-]+\]', lambda found: ' '.join(found[0].split()), text)
    (docs / 'performance').mkdir(exist_ok=True)
    (docs / 'performance' / f'{result["name"]}.json').write_text(text + '\n')


def load(docs):
    results = [json.loads(path.read_text()) for path in (docs / 'performance').glob('*.json')]
    return sorted(results, key=lambda result: place(result['name']))


def place(name):
    return ORDER.index(name) if name in ORDER else len(ORDER), name


# Plots

def colour(name):
    return f"rgb '{PALETTE[name][0]}'"


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


def wants_log(values):
    values = [value for value in values if value > 0]
    return bool(values) and max(values) > 20 * min(values)


def log_range(values, room):
    values = [value for value in values if value > 0]
    return 10 ** math.floor(math.log10(min(values) / 1.5)), room * max(values)


def gnuplot(path, height, lines):
    head = [f'set terminal svg size {WIDTH},{height} dynamic noenhanced font "sans-serif,13" background {quoted(PALETTE["paper"][0])}',
            f'set output {quoted(path)}', 'set encoding utf8', 'set tics nomirror scale 0.4',
            f'set tics textcolor {colour("ink")}', f'set border 3 linecolor {colour("limit")}',
            f'set grid linetype 1 linecolor {colour("grid")}', 'set decimalsign "."', 'unset key']
    subprocess.run(['gnuplot'], input='\n'.join(head + lines) + '\n', text=True, check=True, env={
        'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8'}, stderr=subprocess.PIPE)
    path.write_text(with_dark(path.read_text()))


def with_dark(text):
    """Where the reader's screen is dark, so is the plot; and no word on which gnuplot made it."""
    rules = []
    for light, dark in PALETTE.values():
        digits = [int(light[i:i + 2], 16) for i in (1, 3, 5)]
        for word in (light, 'rgb({:3}, {:3}, {:3})'.format(*digits), 'rgb({},{},{})'.format(*digits)):
            rules += [f'[{name}="{word}"]{{{name}:{dark}}}' for name in ('fill', 'stroke', 'color') if word in text]
    style = f'<style>@media (prefers-color-scheme: dark) {{{"".join(rules)}}}</style>'
    return re.sub(r'<title>Gnuplot</title>\n<desc>.*?</desc>', style, text, count=1)


def plot_bars(path, plot):
    """One below the other; dots where a bar could not begin at 0."""
    rows = plot['values']
    middles = [statistics.median(values) for _, values, _ in rows]
    every = [value for _, values, _ in rows for value in values]
    log = wants_log(middles)
    lines = ['$rows << EOD']
    for i, (name, values, kind) in enumerate(rows):
        lines.append(f'{len(rows) - 1 - i} {middles[i]} {min(values)} {max(values)} {int(PALETTE[kind][0][1:], 16)}'
                     f' "{number(middles[i])}"')
    ticks = ', '.join(f'{quoted(row[0])} {len(rows) - 1 - i}' for i, row in enumerate(rows))
    first, last = log_range(every, 4) if log else (0, 1.18 * max(every))
    lines += ['EOD', f'set title {quoted(plot["title"])} textcolor {colour("ink")}',
              f'set xlabel {quoted(plot["unit"])} textcolor {colour("ink")}',
              f'set ytics ({ticks})', 'set grid noytics', f'set xrange [{first}:{last}]',
              f'set yrange [-0.6:{len(rows) - 0.4}]', "set format x '%.10g'"]
    lines += ['set logscale x'] if log else []
    begin = first if log else 0
    lines.append(f'plot $rows using ({begin}):1:($2-{begin}):(0):5 with vectors nohead linewidth 2 linecolor rgb variable, '
                 f"'' using 2:1:5 with points pointtype 7 pointsize 1 linecolor rgb variable, \\" if log else
                 'plot $rows using 2:1:(0):2:($1-0.32):($1+0.32):5 with boxxyerror fillstyle solid noborder '
                 'linecolor rgb variable, \\')
    lines.append(f"'' using 2:1:3:4 with xerrorbars pointtype 0 linecolor {colour('ink')}, \\")
    lines.append(f"'' using 4:1:6 with labels left offset 0.8,0 textcolor {colour('ink')}")
    gnuplot(path, 110 + 30 * len(rows), lines)


def plot_lines(path, plot):
    """Each with its extremes, and its name beside its end."""
    series = plot['values']
    points = [(x, values) for line in series.values() for x, values in line]
    xs, ys = [x for x, _ in points], [value for _, values in points for value in values]
    lines, parts = [], []
    for i, (name, line) in enumerate(series.items()):
        kind = colour('limit' if name.startswith('limit') else SERIES[i % len(SERIES)])
        lines.append(f'$line{i} << EOD')
        lines += [f'{x} {statistics.median(values)} {min(values)} {max(values)}' for x, values in line] + ['EOD']
        parts.append(f'$line{i} using 1:2:3:4 with yerrorlines linewidth 2 pointtype 7 pointsize 0.6 linecolor {kind} '
                     f'title {quoted(name)}')
    lines += [f'set title {quoted(plot["title"])} textcolor {colour("ink")}',
              f'set xlabel {quoted(plot["x"] or "")} textcolor {colour("ink")}',
              f'set ylabel {quoted(plot["unit"])} textcolor {colour("ink")}',
              f'set key outside right top Left reverse textcolor {colour("ink")}',
              "set format x '%.0s%c'", "set format y '%.10g'", 'set offsets graph 0.02, graph 0.02, 0, 0']
    if wants_log(xs):
        lines.append('set logscale x')
    if wants_log(ys):
        lines += ['set logscale y', 'set yrange [{}:{}]'.format(*log_range(ys, 2))]
    else:
        lines.append(f'set yrange [0:{1.1 * max(ys)}]')
    gnuplot(path, 360, lines + ['plot ' + ', '.join(parts)])


PLOTS = {'bars': plot_bars, 'lines': plot_lines}


def plot_names(result):
    name = result['name']
    return [f'{name}.svg' if i == 0 else f'{name}-{i + 1}.svg' for i in range(len(result['plots']))]


# The document

def table(heads, rows):
    """heads: with ":" behind them where the column is of figures."""
    yield '| ' + ' | '.join(head.rstrip(':') for head in heads) + ' |'
    yield '| ' + ' | '.join('---:' if head.endswith(':') else '---' for head in heads) + ' |'
    for row in rows:
        yield '| ' + ' | '.join(row) + ' |'
    yield ''


def figures(part):
    """One table of a benchmark: its columns are all that any row has."""
    units = {column: cell['unit'] for row in part['rows'] for column, cell in row['values'].items()}
    if part['heading']:
        yield from (f'### {part["heading"]}', '')
    yield from table([''] + [f'{column}, {unit}:' if unit else f'{column}:' for column, unit in units.items()],
                     [[f'**{row["name"]}**' if row['kind'] == 'tokend' else row['name']]
                      + [extremes(row['values'][column]['all']) if column in row['values'] else ''
                         for column in units] for row in part['rows']])


def bars(result):
    if result['bars']:
        yield from table(['', 'measured:', 'bar:', ''],
                         [[bar['text'], f'{extremes(bar["all"], precise)} {bar["unit"]}'.strip(),
                           f'{limit_of(bar)} {bar["unit"]}'.strip(), is_met(bar)] for bar in result['bars']])


def words(values):
    return ', '.join(f'{name} {value}' for name, value in values.items())


def machine_words(machine):
    return (f'{machine["processor"]}, {machine["cores"]} cores, {machine["memory GiB"]} GiB of memory, '
            f'{machine["file system"]}, virtual: {machine["virtual"]}')


def filled(text):
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def section(result, usual):
    yield from (f'## {result["title"]}', '', filled(result['about']), '')
    for part in result['tables']:
        yield from figures(part)
    yield from bars(result)
    for name, plot in zip(plot_names(result), result['plots']):
        yield from (f'![{plot["title"]}](performance/{name})', '')
    for note in result['notes']:
        yield from (filled(note), '')
    yield from (filled(footer(result, usual)), '')


def footer(result, usual):
    versions = {name: version for name, version in result['versions'].items() if usual['versions'].get(name) != version}
    parts = [f'`{result["command"]}`, {result["date"]}, rounds: {result["rounds"]}', words(versions),
             f'load before: {result["machine"]["load before"]}']
    if machine_words(result['machine']) != machine_words(usual['machine']):
        parts.append(machine_words(result['machine']))
    return '; '.join(part for part in parts if part) + '.'


def overview(results):
    rows = [[f'[{result["title"]}](#{anchor(result["title"])})', bar['text'],
             f'{precise(statistics.median(bar["all"]))} {bar["unit"]}'.strip(),
             f'{limit_of(bar)} {bar["unit"]}'.strip(), is_met(bar)] for result in results for bar in result['bars']]
    yield from ('## Bars', '')
    yield from table(['benchmark', 'what', 'measured:', 'bar:', ''], rows)


def anchor(title):
    return re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')


def write(docs=DOCS):
    results = load(docs)
    usual = results[-1]
    lines = [INTRODUCTION]
    lines += [filled(f'Unless a section says otherwise: {machine_words(usual["machine"])}; '
                     f'{words(usual["versions"])}.'), '']
    lines += overview(results)
    for result in results:
        lines += section(result, usual)
        for name, plot in zip(plot_names(result), result['plots']):
            PLOTS[plot['kind']](docs / 'performance' / name, plot)
    (docs / 'performance.md').write_text('\n'.join(lines).rstrip('\n') + '\n')


if __name__ == '__main__':
    write(*map(pathlib.Path, sys.argv[1:2]))
