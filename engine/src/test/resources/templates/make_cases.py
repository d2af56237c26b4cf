"""Writes what python3-jinja2 makes of the cases beside this file, for the tests of candor.text.template.

Usage: python3 make_cases.py   (needs jinja2 3.1; Debian's python3-jinja2 will do)

The environment is the one that transformers sets up for chat templates. Cases:
  expressions.json   small templates over one set of variables, most of them built below from lists of operands
  chats.json         the templates in models/ (written for this test, with the constructs that the published templates
                     of the model families use) over the conversations in conversations.json
An error stands as {"error": text}; the tests want an error there, and the text itself only for raise_exception.
"""
import copy
import datetime
import itertools
import json
from pathlib import Path

import jinja2
import jinja2.ext
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = Path(__file__).parent
NOW = datetime.datetime(2026, 3, 5, 14, 7, 9)


class Generation(Extension):
    """Renders the body of a generation block, and notes where it lies where it can."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_keep"), [], [], body).set_lineno(line)

    def _keep(self, caller):
        return caller()


def environment():
    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = lambda f: NOW.strftime(f)
    return env


def render(env, source, variables):
    try:
        text = env.from_string(source).render(**copy.deepcopy(variables))  # the filter indent appends to lists
        return {"error": "prints an address"} if " at 0x" in text or "<generator object" in text else {"output": text}
    except Exception as e:  # whatever it is, the test wants an error in its place
        return {"error": f"{type(e).__name__}: {str(e)[:200]}"}


VARIABLES = {
    "zero": 0, "one": 1, "seven": 7, "minus": -7, "big": 12345678901234567890123, "long": 9007199254740993,
    "half": 0.5, "tenth": 0.1, "third": 1 / 3, "huge": 1e16, "tiny": 1e-5, "e22": 1e22, "neg": -2.5, "whole": 3.0,
    "yes": True, "no": False, "nothing": None, "empty": "", "word": "hello", "name": "Ünïcödé ß ﬁ", "emoji": "a🙂b👩‍👩‍👧c",
    "spaced": "  \t two  words \n", "lines": "one\ntwo\r\nthree\n\n  four", "quote": "it's \"q\" \\ back", "nasty": "{{ 7*7 }}{% if %}{#",
    "csv": "a,b,,c", "digits": "0123", "number": " 42 ", "real": "3.75", "title": "the quick-brown (fox) o'neil",
    "xs": [3, 1, 2], "ys": ["b", "A", "c", "a"], "none_list": [None, 0, "", "x", False, 2], "nested": [[1, 2], [3, [4]], []],
    "nil": [], "d": {"b": 1, "a": 2, "items": 3, "C": {"deep": [10, 20]}}, "ed": {}, "mixed": {"x": 1.5, "y": [True, None], "z": "ü\n"},
    "people": [{"name": "Bo", "age": 30, "tags": ["x"]}, {"name": "al", "age": 25}, {"name": "Cy", "age": 30, "tags": []}],
}

NAMES = list(VARIABLES)


def expressions():
    for n in NAMES:
        yield f"{{{{ {n} }}}}"
        yield f"{{{{ {n}|tojson }}}}"
        yield f"{{{{ {n}|length }}}}"
        yield f"{{{{ [{n}] }}}}"
        yield f"{{{{ not {n} }}}}"
        yield f"{{{{ ({n}|string)|upper }}}}"
        yield f"{{{{ {n} ~ '|' ~ {n} }}}}"
        for t in ("defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping",
                  "sequence", "iterable", "callable", "odd", "even", "lower", "upper"):
            if t in ("odd", "even", "lower", "upper") and n in ("e22",):
                continue
            yield f"{{{{ {n} is {t} }}}}{{{{ {n} is not {t} }}}}"
        for f in ("int", "float", "abs", "round", "first", "last", "list", "reverse|list", "sort", "sum", "unique|list", "min", "max",
                  "join('-')", "items|list", "default('D')", "d('D', true)", "trim", "capitalize", "title", "lower", "upper",
                  "replace('l', 'L')", "dictsort", "indent(2)", "center(20)", "string"):
            yield f"{{{{ {n}|{f} }}}}"
    numbers = ["zero", "one", "seven", "minus", "big", "long", "half", "tenth", "third", "huge", "neg", "whole", "yes", "2", "-3", "1.5", "10"]
    for a, op, b in itertools.product(numbers, ["+", "-", "*", "/", "//", "%"], numbers):
        yield f"{{{{ {a} {op} {b} }}}}"
    for a, b in itertools.product(["2", "-2", "0", "1", "10", "0.5", "-1"], ["0", "1", "2", "10", "-1", "0.5", "3"]):
        yield f"{{{{ ({a}) ** ({b}) }}}}"
    operands = ["one", "yes", "whole", "half", "nothing", "empty", "word", "xs", "nil", "d", "missing", "nested", "big"]
    for a, op, b in itertools.product(operands, ["==", "!=", "<", ">=", "+", "in", "not in", "and", "or", "*"], operands):
        yield f"{{{{ {a} {op} {b} }}}}"
    for s in ("word", "emoji", "name", "xs", "ys", "nested", "empty", "nil"):
        for i in ("0", "1", "-1", "-3", "5", "-9", "'0'", "none", "true", "1.0"):
            yield f"{{{{ {s}[{i}] }}}}"
        for a, b, c in itertools.product(["", "1", "-2", "9"], ["", "3", "-1", "0"], ["", ":", ":2", ":-1", ":-2"]):
            yield f"{{{{ {s}[{a}:{b}{c}] }}}}"
    yield "{{ xs[::0] }}"
    strings = ["word", "name", "emoji", "spaced", "lines", "quote", "csv", "digits", "title", "empty", "number"]
    methods = ["upper()", "lower()", "capitalize()", "title()", "strip()", "lstrip()", "rstrip()", "strip('h o\\n')", "lstrip('0h')",
               "rstrip('o')", "split()", "split(' ')", "split(',')", "split(',', 1)", "split(none, 1)", "rsplit(',', 1)", "rsplit(none, 1)",
               "rsplit()", "split('l')", "rsplit('l', 1)", "split('')", "splitlines()", "splitlines(true)", "startswith('h')",
               "startswith(('a', 'h'))", "endswith('o')", "endswith('')", "find('l')", "rfind('l')", "find('zz')", "count('l')", "count('')",
               "index('o')", "replace('l', 'LL')", "replace('', '-')", "replace('l', '', 1)", "isdigit()", "isalpha()", "isalnum()",
               "isspace()", "isupper()", "islower()", "isascii()", "isdecimal()", "partition('l')", "rpartition('l')", "removeprefix('he')",
               "removesuffix('lo')", "zfill(8)", "center(12, '*')", "center(11)", "ljust(9)", "rjust(9, '.')", "join(ys)", "join('xyz')", "join(xs)",
               "format(1)", "nothing_such()", "__class__", "__class__.__name__", "split"]
    for s, m in itertools.product(strings, methods):
        if m != "split":
            yield f"{{{{ {s}.{m} }}}}"
    yield "{{ word.split is defined }}{{ word.split is callable }}{{ word.splitt is defined }}"
    yield from STATIC
    for args in ("", "indent=2", "indent=0", "sort_keys=true", "separators=(',', ':')", "ensure_ascii=true", "true", "false, 4", "indent='--'"):
        for n in ("d", "mixed", "emoji", "nested", "nil", "ed", "people", "name", "quote", "nothing", "half", "big"):
            yield f"{{{{ {n}|tojson({args}) }}}}"
    for v in ("0.5", "1.5", "2.5", "-0.5", "2.675", "1234.5678", "1e-7", "123456789.987654321", "7", "-7"):
        for p in ("", "1", "2", "-1", "0", "5"):
            yield f"{{{{ ({v})|round({p}) }}}}"
    for v in ("0.1 + 0.2", "1e15", "1e16", "1e17", "123456789012345680.0", "1e-4", "1e-5", "0.00012345", "1.0", "100.0", "1e100", "5e-324",
              "1.7976931348623157e308", "2.5e-7", "1e22", "1e21", "9007199254740993.0", "0.1", "1/3", "2/3", "1e308*10", "-(1e308*10)", "-0.0"):
        yield f"{{{{ {v} }}}}"
        yield f"{{{{ ({v})|int if ({v}) < 1e18 else 'big' }}}}"


STATIC = [
    # literals, escapes, adjacent strings, numbers
    r"{{ 'a\n\t\\\'\"b' }}", r"{{ 'x\q\x41é\101\U0001F642' }}", "{{ 'a' 'b' \"c\" }}", "{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5_0 }} {{ 1e3 }} {{ 2E-2 }}",
    "{{ 012 }}", "{{ 00 }}", "{{ 1. }}", "{{ .5 }}", "{{ 1.e5 }}", "{{ True }}{{ true }}{{ None }}{{ none }}{{ False }}{{ false }}", "{{ TRUE }}", "{{ [1, 2,] }}{{ {'a': 1,} }}{{ (1,) }}{{ () }}{{ (1, 2) }}",
    "{{ 1, 2 }}", "{{ 'é' }}", "{{ é }}", "{{ '日本'[0] }}", "{{ [1, 'a', 1.0, none, true, (1, 2), {'k': []}] }}", "{{ {1: 'a', 1.0: 'b', true: 'c', none: 'd'} }}",
    # precedence
    "{{ 1 + 2 * 3 - 4 }}", "{{ 2 ** 3 ** 2 }}", "{{ -2 ** 2 }}", "{{ 2 ** -1 }}", "{{ not 1 == 2 }}", "{{ not true or true }}", "{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 3 > 2 >= 2 == 2 }}",
    "{{ 1 if false }}|{{ 1 if true }}", "{{ 1 if false else 2 if false else 3 }}", "{{ 'a' ~ 1 + 2 }}", "{{ 1 ~ 2 * 3 }}", "{{ 1 + 2 ~ 3 }}", "{{ -1|abs }}", "{{ -seven|abs }}", "{{ (-seven)|abs }}",
    "{{ 'a' ~ 'b'|upper }}", "{{ ('a' ~ 'b')|upper }}", "{{ 1 + 1 is odd }}", "{{ word is string and word|length > 2 }}", "{{ missing is defined and missing.x }}", "{{ missing is not defined or missing.x }}",
    "{{ not missing is defined }}", "{{ one is odd is string }}", "{{ 2 in [1, 2] and 3 not in [1, 2] }}", "{{ not 2 in [1, 2] }}", "{{ 1 in [1] == true }}", "{{ 7 is divisibleby 7 }}{{ 7 is divisibleby(2) }}",
    "{{ 3 is eq 3 }}{{ 3 is ne 4 }}{{ 3 is gt 2 }}{{ 3 is lt 2 }}{{ 3 is ge 3 }}{{ 3 is le 2 }}{{ 3 is in [3] }}{{ 3 is sameas 4 or none is sameas none }}", "{{ 3 is equalto 3 }}", "{{ xs is sameas xs }}{{ xs is sameas [3,1,2] }}",
    "{{ xs|first + 1 }}", "{{ xs|length == 3 }}", "{{ xs | sort | join(',') ~ '!' }}", "{{ 'x' if xs else 'y' }}", "{{ (xs if yes else ys)[0] }}", "{{ [1, 2][0] }}{{ {'a': 5}.a }}{{ {'a': 5}['a'] }}{{ (1, 2).0 }}", "{{ xs.0 }}{{ xs.9 }}",
    "{{ 'ab' * 3 }}{{ 3 * 'ab' }}{{ 'ab' * -1 }}{{ [0] * 3 }}{{ (1,) * 2 }}", "{{ 5 // 2 }}{{ -5 // 2 }}{{ 5 % -3 }}{{ -5 % 3 }}{{ 5.5 // 2 }}{{ -5.5 % 2 }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}", "{{ 1 % 0 }}", "{{ 0 ** -1 }}", "{{ 1.5 // 0 }}",
    "{{ 10 ** 30 }}{{ 2 ** 100 % 7 }}{{ 10 ** 30 / 10 ** 28 }}", "{{ 9223372036854775807 + 1 }}{{ -9223372036854775808 - 1 }}{{ 3037000500 * 3037000500 }}",
    "{{ +1 }}{{ - 1 }}{{ --1 }}{{ -true }}{{ +'a' }}", "{{ -'a' }}", "{{ not not 1 }}",
    # undefined
    "[{{ missing }}]", "{{ missing.x }}", "{{ missing['x'] }}", "{{ d.missing }}|{{ d['nope'] }}|{{ d.missing is defined }}", "{{ d.missing.more }}", "{{ missing + 1 }}", "{{ missing ~ 'x' }}", "{{ missing == missing2 }}{{ missing == none }}{{ missing != 1 }}",
    "{{ missing < 1 }}", "{{ 'a' in missing }}", "{{ missing in ['a'] }}", "{{ missing in 'a' }}", "{{ missing() }}", "{% for x in missing %}x{% else %}none{% endfor %}", "{{ missing|list }}{{ missing|length }}{{ missing|first }}{{ missing|join }}{{ missing|upper }}{{ missing|trim }}",
    "{{ missing|int }}", "{{ missing|tojson }}", "{{ [missing] }}", "{{ {'a': missing} }}", "{{ missing or 'fallback' }}{{ missing and 1 }}{{ not missing }}", "{{ missing|default }}{{ missing|default(none) }}{{ none|default('x') }}{{ none|default('x', true) }}{{ ''|d('y', boolean=true) }}",
    "{{ missing|items|list }}", "{{ missing|reverse }}", "{{ -missing }}", "{{ missing * 2 }}", "{{ 'a' * missing }}", "{{ missing[0:1] }}", "{{ missing % 2 }}", "{{ missing|round }}", "{{ missing|abs }}", "{{ missing|sum }}", "{{ missing is none }}{{ missing is string }}{{ missing is iterable }}{{ missing is sequence }}{{ missing is mapping }}",
    # containers and methods
    "{{ d.items }}" if False else "{{ d['items'] }}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{{ d.keys() }}{{ d.values() }}{{ d.items() }}", "{{ d.keys()|list }}{{ d.items()|list }}{{ d.values()|list|length }}", "{{ d.get('b') }}{{ d.get('q') }}{{ d.get('q', 5) }}{{ d.get('q', default=5) }}",
    "{{ d.C.deep[1] }}{{ d['C']['deep'][0] }}{{ d.C['deep'].0 }}", "{{ 'b' in d }}{{ 1 in d }}{{ 'q' not in d }}{{ 'a' in d.keys() }}{{ 1 in d.values() }}", "{{ [1] in d }}", "{{ d[[1]] }}|", "{{ d|list }}{{ d|length }}{{ d|first }}{{ d|last }}", "{{ d.items()[0] }}", "{{ d.keys()|first }}",
    "{{ xs.index(1) }}{{ xs.count(3) }}", "{{ xs.index(99) }}", "{{ xs.append(4) }}", "{{ xs.append }}", "{{ xs.pop() }}", "{{ d.update({'a': 1}) }}", "{{ d.pop('a') }}", "{{ xs.sort() }}", "{{ xs + [4] }}{{ xs }}", "{{ xs + (4,) }}", "{{ (1,) + (2,) }}", "{{ xs - [1] }}", "{{ d + d }}",
    "{{ xs == [3, 1, 2] }}{{ (1, 2) == [1, 2] }}{{ {'a': 1} == {'a': 1.0} }}{{ [1, 2] < [1, 3] }}{{ 'a' < 'b' }}{{ 'Z' < 'a' }}{{ '\U0001F600' > '\uFFEE' }}", "{{ 1 < 'a' }}", "{{ none < 1 }}", "{{ [1] < (1,) }}", "{{ true + true }}{{ true == 1 }}{{ true < 2 }}{{ 1 == 1.0 }}{{ 'a' == 1 }}",
    "{{ range(5)|list }}{{ range(2, 5)|list }}{{ range(5, 0, -2)|list }}{{ range(0)|list }}{{ range(3) }}{{ range(1, 9, 2) }}{{ range(3)|length }}{{ range(3)[1] }}{{ 2 in range(3) }}{{ range(-3)|list }}{{ range(5,1)|list }}", "{{ range(1, 2, 0) }}", "{{ range(100001)|length }}", "{{ range(100000)|length }}",
    "{{ range(3) == range(3) }}{{ range(3) == [0, 1, 2] }}", "{{ range('a') }}", "{{ range() }}", "{{ dict(a=1, b='x') }}{{ dict({'q': 1}, r=2) }}{{ dict([('a', 1)]) }}", "{{ dict(a=1).a }}", "{{ namespace(a=1).a }}{{ namespace(a=1)['a'] }}{{ namespace({'b': 2}).b }}|{{ namespace().x }}|{{ namespace(a=1) }}", "{{ namespace(a=1).b.c }}",
    "{{ xs|sort }}{{ xs|sort(reverse=true) }}{{ ys|sort }}{{ ys|sort(case_sensitive=true) }}{{ ys|sort(true) }}", "{{ people|sort(attribute='name')|map(attribute='name')|join(',') }}", "{{ people|sort(attribute='age')|map(attribute='name')|list }}", "{{ people|sort(attribute='age', reverse=true)|map(attribute='name')|list }}", "{{ people|sort(attribute='nope') }}",
    "{{ people|map(attribute='tags')|list }}{{ people|map(attribute='tags', default='-')|list }}{{ people|map(attribute='tags.0')|list }}", "{{ xs|map('string')|join }}{{ ys|map('upper')|list }}{{ xs|map('round', 1)|list }}", "{{ xs|map('nope')|list }}", "{{ xs|map }}", "{{ xs|map('upper') }}" if False else "{{ xs|map('upper')|list }}", "{{ ys|map('replace', 'a', 'z')|list }}",
    "{{ xs|select('odd')|list }}{{ xs|reject('odd')|list }}{{ none_list|select|list }}{{ none_list|reject|list }}{{ xs|select('gt', 1)|list }}{{ xs|select('>', 1)|list }}{{ none_list|select('string')|list }}", "{{ people|selectattr('tags')|map(attribute='name')|list }}{{ people|rejectattr('tags')|map(attribute='name')|list }}{{ people|selectattr('age', 'equalto', 30)|map(attribute='name')|list }}{{ people|selectattr('tags', 'defined')|list|length }}{{ people|rejectattr('age', '==', 30)|list|length }}",
    "{{ xs|select('nope')|list }}", "{{ xs|sum }}{{ people|sum(attribute='age') }}{{ xs|sum(start=10) }}{{ nested|sum(start=[]) }}{{ [0.1, 0.2]|sum }}", "{{ ys|sum }}", "{{ ys|unique|list }}{{ ys|unique(true)|list }}{{ people|unique(attribute='age')|map(attribute='name')|list }}{{ [1, 1.0, true, 2]|unique|list }}", "{{ nested|unique|list }}", "{{ xs|min }}{{ xs|max }}{{ ys|min }}{{ ys|max }}{{ []|min }}{{ people|max(attribute='age') }}",
    "{{ xs|join }}{{ xs|join(', ') }}{{ people|join(', ', attribute='name') }}{{ word|join('-') }}{{ none_list|join('/') }}", "{{ xs|reverse|list }}{{ word|reverse }}{{ emoji|reverse }}{{ d|reverse|list }}", "{{ xs|reverse|first }}", "{% set g = xs|map('string') %}{{ g|join }}{{ g|join }}", "{{ xs|map('string')|length }}", "{{ xs|map('string')|last }}", "{% if []|map('string') %}truthy{% endif %}", "{{ (xs|map('string'))[0] }}|",
    "{{ d|dictsort }}{{ d|dictsort(true) }}{{ {'a': 2, 'b': 1}|dictsort(by='value') }}{{ {'a': 2, 'b': 1}|dictsort(false, 'key', true) }}", "{{ xs|dictsort }}", "{{ xs|items }}", "{{ d|items|list }}", "{% for k, v in d|items %}{{ k }}{% endfor %}", "{{ word|indent }}{{ lines|indent(3) }}|{{ lines|indent(3, true) }}|{{ lines|indent(3, blank=true) }}|{{ lines|indent('>>') }}|{{ 'a\n'|indent }}|",
    "{{ '%s is %d and %.2f%%'|format('x', 3, 2.675) }}", "{{ '%s' % 5 }}{{ '%s-%s' % (1, 2) }}{{ '%05d|%-5d|%5s|%+d' % (42, 42, 'a', 3) }}{{ '%r' % 'a' }}{{ '%x' % 255 }}", "{{ '%s' % (1, 2) }}", "{{ '%s %s' % 1 }}", "{{ '%d' % 'a' }}", "{{ '%(a)s' % {'a': 1} }}", "{{ '%.3f' % 1 }}{{ '%f' % 0.5 }}{{ '%.0f' % 2.5 }}{{ '%d' % 3.99 }}", "{{ '{} {}'.format(1, 'a') }}{{ '{1}{0}'.format(1, 2) }}{{ '{a}'.format(a=5) }}{{ '{{}}'.format() }}", "{{ '{} {}'.format(1) }}",
    "{{ 'a-b_c d'|title }}{{ title|title }}{{ title.title() }}{{ 'ǆ'|capitalize }}", "{{ 'ß'|upper }}{{ 'ΑΣ'|lower }}{{ 'İ'|lower|length }}", "{{ '42'|int }}{{ '4.7'|int }}{{ 'x'|int }}{{ 'x'|int(-1) }}{{ 3.99|int }}{{ -3.99|int }}{{ '-12'|int + 1 }}{{ true|int }}{{ none|int }}{{ xs|int }}{{ '1e3'|int }}{{ '1_000'|int }}", "{{ '3.5'|float }}{{ 'x'|float }}{{ 3|float }}{{ 'inf'|float }}{{ 'nan'|float }}{{ none|float(2.5) }}{{ '1e3'|float }}{{ '.5'|float }}{{ '5.'|float }}",
    "{{ word|nope }}", "{{ word is nope }}", "{{ nope(1) }}", "{{ word(1) }}", "{{ xs(1) }}", "{{ none.x }}|{{ none['x'] }}|{{ 5 .x }}", "{{ none.x.y }}", "{{ word|length() }}{{ word|length(1) }}", "{{ word|upper(1) }}", "{{ word|trim('ho') }}{{ word|trim(chars='h') }}", "{{ word|replace('l', 'L', 1) }}{{ 5|replace('5', 6) }}{{ word|replace('', '.') }}", "{{ word|replace('l') }}",
    "{{ ''.__class__ }}|", "{{ ''.__class__.__mro__ }}", "{{ ''['__class__'] }}|", "{{ xs.__len__() }}", "{{ d.__init__ }}|", "{{ range.__globals__ }}" if False else "|", "{{ word._x }}|", "{{ cycler is defined }}{{ joiner is defined }}{{ range is defined }}{{ namespace is callable }}",
    "{{ strftime_now('%d %b %Y') }}", "{{ strftime_now('%Y-%m-%d %H:%M:%S %A %B %a %j %y %p %I %%') }}", "{{ strftime_now('%-d %-m') }}", "{{ raise_exception('no: ' ~ word) }}", "{% if false %}{{ raise_exception('x') }}{% endif %}ok", "{{ 'x'|safe }}{{ d|tojson|safe }}", "{{ ('x'|safe) ~ '<b>' }}",
    # statements
    "{% if one %}a{% elif zero %}b{% else %}c{% endif %}", "{% if zero %}a{% elif one %}b{% else %}c{% endif %}", "{% if zero %}a{% elif zero %}b{% else %}c{% endif %}", "{% if nil %}{% endif %}|",
    "{% for x in xs %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}", "{% for x in xs %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x > 1) }}{{ loop['index'] }}{% endfor %}", "{% for x in xs %}{{ loop.nope }}|{% endfor %}", "{{ loop }}|", "{% for x in xs %}{{ loop.previtem is defined }}{% endfor %}",
    "{% for x in xs if x > 1 %}{{ x }}{{ loop.index }}{{ loop.length }}{% else %}none{% endfor %}", "{% for x in xs if x > 9 %}{{ x }}{% else %}none{% endfor %}", "{% for x in nil %}{% else %}empty{% endfor %}", "{% for x in xs if loop.index > 1 %}{{ x }}{% endfor %}", "{% for x in xs %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% for x in xs %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% else %}E{% endfor %}", "{% break %}", "{% for x in xs %}{% if true %}{% if true %}{% break %}{% endif %}{% endif %}{% else %}E{% endfor %}|",
    "{% for k, v in [(1, 2), [3, 4]] %}{{ k }}{{ v }}{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for c in emoji %}[{{ c }}]{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}", "{% for x in 1, 2 %}{{ x }}{% endfor %}", "{% for x in xs %}{% for y in ys %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}", "{% for x in xs %}{% set outer = loop %}{% for y in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for x in xs %}{% set loop_last = x %}{% endfor %}{{ loop_last }}|", "{% set a = 0 %}{% for x in xs %}{% set a = a + x %}{{ a }}{% endfor %}{{ a }}", "{% set ns = namespace(a=0) %}{% for x in xs %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}", "{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}", "{% if false %}{% set a = 2 %}{% endif %}{{ a }}|{{ a is defined }}", "{% for x in x %}{{ x }}{% endfor %}|", "{% set xs = xs[1:] %}{{ xs }}{% for x in xs %}{{ x }}{% endfor %}", "{% set x = 5 %}{% for x in xs %}{{ x }}{% endfor %}{{ x }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = (1, 2) %}{{ a }}{{ b }}", "{% set a = 1, 2 %}{{ a }}", "{% set a, b = 1 %}", "{% set d.x = 1 %}", "{% set nsx.a = 1 %}", "{% set none = 1 %}", "{% set a.b.c = 1 %}",
    "{% set a %}x{{ word }}y{% endset %}[{{ a }}]{{ a|length }}", "{% set a | upper %}x{{ word }}{% endset %}{{ a }}", "{% set a | upper | replace('X', 'z') %}x{% endset %}{{ a }}", "{% set ns = namespace() %}{% set ns.t %}q{% endset %}{{ ns.t }}", "{% set a %}{% set b = 1 %}{% endset %}{{ b }}|", "{% set a = a %}{{ a }}|", "{% for x in [1, 2] %}{% set a = a|default(0) + 1 %}{{ a }}{% endfor %}",
    "{% macro m(a, b=2) %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=4, a=5) }}{{ m() }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(c=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m() %}x{% endmacro %}{{ m }}" if False else "|", "{% macro m() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ m() }}", "{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "{% macro m(x) %}{% set x = x + 1 %}{{ x }}{% endmacro %}{{ m(1) }}{{ x }}|", "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "{{ m() }}{% macro m() %}x{% endmacro %}", "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(3) }}", "{% for x in xs %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}", "{% for x in xs %}{% macro m() %}{% endmacro %}{% endfor %}{{ m }}|", "{% macro m() %}{{ loop }}{% endmacro %}{% for x in xs %}{{ m() }}|{% endfor %}", "{% macro m() %}  a  {% endmacro %}{{ m()|trim }}{{ m()|length }}", "{% macro m(a=[]) %}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}in{{ word }}{% endcall %}", "{% macro w() %}{{ caller('u', 2) }}{% endmacro %}{% call(a, b) w() %}{{ a }}{{ b }}{% endcall %}", "{% macro w() %}{{ caller is defined }}{% endmacro %}{{ w() }}", "{% filter upper %}a{{ word }}{% endfilter %}", "{% filter trim|upper %} a {% endfilter %}|", "{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a }}|", "{% set a = 5 %}{% with a=1, b=a %}{{ b }}{% endwith %}", "{% with %}{% set q = 1 %}{% endwith %}{{ q }}|", "{% generation %}a{{ word }}{% endgeneration %}|", "{% generation %}{% set q = 1 %}{% endgeneration %}{{ q }}|",
    "{% raw %}{{ x }}{% if %}{% endraw %}", "{% raw -%}  {{ x }}  {%- endraw %}|", "a\n  {% raw %}\n x\n  {% endraw %}\nb", "{# comment {{ x }} #}a{#- b -#} c", "a {#- x -#} b", "{#", "{{", "{%", "{{ 'a", "{% if %}", "{% if 1 %}", "{% endif %}", "{% for %}", "{% for x in xs %}", "{% else %}", "{% nope %}", "{{ }}", "{{ 1 + }}", "{{ (1 }}", "{{ 1) }}", "{{ [1 }}", "{{ {1} }}", "{{ a b }}", "{{ a.. }}", "{{ a[ }}", "{{ a[] }}", "{{ | upper }}", "{{ a | }}", "{{ a is }}", "{{ f(a=1, 2) }}", "{{ f(a=1, a=2) }}", "{{ $ }}", "{{ a ! b }}", "{{ a && b }}", "{% set %}", "{% set a %}", "{% set 1 = 2 %}", "{% macro %}", "{% raw %}", "{{ '{{' }}", "{{ \"}}\" }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ {'a': {}} }}", "{{ word }}}", "{ {{ word }} }", "{%%}", "}}", "%}", "{{ a = 1 }}", "{{ 1;2 }}", "{% if x = 1 %}{% endif %}", "{{ if }}", "{{ x.if }}|", "{{ not }}", "{{ in }}|", "{% if 1 %}a{% else %}b{% else %}c{% endif %}", "{% if 1 %}a{% elif %}b{% endif %}", "{% endfor %}", "{% if 1 %}{% for x in xs %}{% endif %}{% endfor %}", "{% for x.y in xs %}{% endfor %}", "{% for x in xs if %}{% endfor %}", "{% macro m(a, a) %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% macro m(1) %}{% endmacro %}", "{% call word %}{% endcall %}",
    # a name means one thing in a frame: what the frame assigns first is its own from the start
    "{% for x in xs %}{{ word }}{% endfor %}{% set word = 1 %}{{ word }}", "{{ word }}{% for x in xs %}{{ word }}{% endfor %}{% set word = 1 %}", "{% for x in xs %}{{ word }}{% endfor %}{% if one %}{% set word = 1 %}{% endif %}{{ word }}", "{% for x in xs %}{{ word }}{% endfor %}{% set word = word ~ 1 %}{{ word }}",
    "{% macro m() %}{{ word }}{% endmacro %}{{ m() }}{% set word = 1 %}{{ m() }}", "{% macro m(a=word) %}{{ a }}{% endmacro %}{{ m() }}{% set word = 1 %}{{ m() }}", "{% set word %}[{{ word }}]{% endset %}{{ word }}", "{% for x in xs %}{% for y in xs %}{{ word }}{% endfor %}{% set word = x %}{% endfor %}{{ word }}", "{% for x in xs %}{{ word }}{% for y in xs %}{% set word = y %}{{ word }}{% endfor %}{% endfor %}",
    "{% filter upper %}{{ word }}{% endfilter %}{% set word = 1 %}", "{% with a = word %}{{ a }}{{ word }}{% endwith %}{% set word = 1 %}", "{% with a = 1 %}{{ word }}{% endwith %}{% set word = 1 %}", "{% macro w() %}{{ caller() }}{% endmacro %}{% call w() %}{{ word }}{% endcall %}{% set word = 1 %}", "{% for x in xs %}{{ word is defined }}{% else %}{{ word }}{% endfor %}{% macro word() %}m{% endmacro %}{{ word() }}", "{% generation %}{{ word }}{% endgeneration %}{% set word, a = 1, 2 %}", "{% for x in xs if word %}{{ x }}{% endfor %}{% set word = 1 %}|", "{% set a = xs[word|length] %}{% for x in xs %}{{ word }}{% endfor %}{% set word = {'k': d['b':]} if zero else 1 %}",
    "{% macro a(x) %}<{{ caller(x) }}>{% endmacro %}{% macro b() %}{% call(y) a(1) %}[{{ caller is defined }}]{% endcall %}{% endmacro %}{{ b() }}", "{% macro a() %}{% macro b() %}{{ caller is defined }}{% endmacro %}{{ b() }}{{ caller() }}{% endmacro %}{% call a() %}in{% endcall %}", "{% macro a() %}{{ caller() }}{% endmacro %}{{ a() }}", "{% for loop in xs %}{{ loop }}{% endfor %}", "{% for a, loop in [(1, 2)] %}{{ loop }}{% endfor %}", "{% set loop = 3 %}{{ loop }}{% for x in [1] %}{{ loop.index }}{% endfor %}{{ loop }}",
    # whitespace control
    "a\n{% if 1 %}\nb\n{% endif %}\nc", "a\n  {% if 1 %}\n  b\n  {% endif %}\n  c\n", "a  {%- if 1 -%}  b  {%- endif -%}  c", "a\n\n{%- if 1 %}\n\n b{% endif %}", "  {% if 1 %}x{% endif %}", "x  {% if 1 %}y{% endif %}", "a\n  {{ word }}\n  b", "a\n  {{- word -}}\n  b", "a\n  {{- word }}\n  b", "  {%+ if 1 %}x{% endif %}", "{% if 1 +%}\nx{% endif %}", "{% if 1 %}\n\nx{% endif %}", "{% for x in xs %}\n  {{ x }}\n{% endfor %}\nend\n", "{% for x in xs -%}\n  {{ x }}\n{%- endfor %}\nend\n\n", "a\r\n{% if 1 %}\r\nb\r{% endif %}\r\n", "{# c #}\n  {# d #}\nx", "x\n  {#- d #}\ny", "x {# d -#}\n\n y", "\n\n{% if 1 %}a{% endif %}\n\n", "\n", "", " ", "a\n", "a\n\n", "{{ word }}\n", "{{ word -}}\n\n x", "{% set a = 1 %}\n{% set b = 2 %}\n{{ a }}{{ b }}", "  {% set a = 1 %}  \n{{ a }}", "\t{% if 1 %}\tx\t{% endif %}\t\n", " {% if 1 %}x{% endif %}", "a\n {% if 1 %}x{% endif %}", "a {%- set x = 1 %} b", "{%- if 1 %}  x{% endif -%}  ", "{{- '  x  ' -}}", "{{+ 1 }}", "{{ 1 +}}", "{{ 1 -}}  b", "a{% raw %}\n x{% endraw %}\nb", "{% if 1 -%}\n  \n{% endif %}|", "x\n  {% if 1 %}{% if 1 %}y{% endif %}{% endif %}\nz", "a\n    {%- if 1 %}\n    b\n    {%- endif %}\nc",
    # text is data
    "{{ nasty }}", "{{ nasty ~ nasty }}", "{{ [nasty] }}", "{% set t = nasty %}{{ t }}", "{{ nasty|upper }}", "{{ nasty|tojson }}", "{% for x in [nasty] %}{{ x }}{% endfor %}",
]


def main():
    env = environment()
    seen = dict.fromkeys(expressions())
    cases = [{"source": s, **render(env, s, VARIABLES)} for s in seen]
    (HERE / "expressions.json").write_text(json.dumps({"variables": VARIABLES, "cases": cases}, ensure_ascii=False, indent=0), encoding="utf-8")
    chats = json.loads((HERE / "conversations.json").read_text(encoding="utf-8"))
    out = []
    for path in sorted((HERE / "models").glob("*.jinja")):
        for chat in chats:
            for prompt in (False, True):
                variables = {"messages": chat["messages"], "tools": chat.get("tools"), "documents": None, "add_generation_prompt": prompt,
                             "bos_token": "<s>", "eos_token": "</s>", **chat.get("variables", {})}
                result = render(env, path.read_text(encoding="utf-8"), variables)
                out.append({"template": path.name, "chat": chat["name"], "add_generation_prompt": prompt, **result})
    (HERE / "chats.json").write_text(json.dumps(out, ensure_ascii=False, indent=0), encoding="utf-8")
    errors = sum("error" in c for c in cases)
    print(len(cases), "expressions,", errors, "of them errors;", len(out), "chats,", sum("error" in c for c in out), "of them errors")


if __name__ == "__main__":
    main()
