package candor.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import candor.BadInput;
import candor.text.JsonValues;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that mean harm, or are broken: each ends soon, in output or in one line of bad input. */
class HostileTemplateTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 5, 14, 7, 9);
    private static final Limits SMALL = new Limits(200_000, 300, 1 << 16);

    private static String render(String source, Map<String, Object> variables, Limits limits) {
        return Template.parse("t", source).render(variables, NOW, limits).text();
    }

    private static Map<String, Object> data() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("s", "hello");
        data.put("xs", List.of(1L, 2L));
        data.put("d", new LinkedHashMap<>(Map.of("a", 1L)));
        return data;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
                "{% for a in range(10**9) %}{% endfor %}",
                "{{ range(10**30) }}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}",
                "{% macro m(n, a=m(n)) %}{% endmacro %}{{ m(1) }}",
                "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% for i in range(9999) %}{{ caller }}{% endfor %}{{ m() }}{% endcall %}",
                "{{ 'a' * 10**9 }}",
                "{{ 10**9 * 'a' }}",
                "{{ [0] * 10**9 }}",
                "{{ (1,) * 10**18 }}",
                "{{ 'a' * 60000 ~ 'a' * 60000 }}",
                "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson }}",
                "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
                "{% set ns = namespace(s=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s|tojson }}",
                "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
                "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s < ns.t }}",
                "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
                "{% set ns = namespace(n=3) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
                "{{ (10**1000) ** 1000 }}",
                "{{ 7 ** 9999999 }}",
                "{{ 2.0 ** 99999 }}",
                "{{ 's'|center(10**9) }}",
                "{{ s.center(10**9) }}",
                "{{ s.zfill(10**9) }}",
                "{{ s|indent(10**9) }}",
                "{{ xs|tojson(indent=10**9) }}",
                "{{ '%1000000000d' % 1 }}",
                "{{ '%.1000000000f' % 1 }}",
                "{{ s.replace('', 'x' * 60000) }}",
                "{{ 'aa'.join('a' * 60000) }}",
                "{{ ('a' * 60000).find('a' * 30000 ~ 'b') }}",
                "{{ ('a' * 30000 ~ 'b') in 'a' * 60000 }}",
                "{{ ('a' * 60000).split('a' * 30000 ~ 'b') }}",
                "{{ ('a' * 60000).strip('b' * 60000 ~ 'a') }}",
                "{% for i in range(99999) %}{% set x = ('a' * 60000).upper() %}{% endfor %}",
                "{% for i in range(99999) %}{{ 'a' * 1000 }}{% endfor %}",
                "{{ xs|map('map', 'map', 'map', 'upper')|list }}",
                "{{ (range(99999)|list)|unique|list }}",
                "{% for i in range(9999) %}{% set x = range(99999)|sort|sum %}{% endfor %}"
            })
    void thereIsNoWayAroundTheLimits(String source) {
        assertThatThrownBy(() -> render(source, data(), SMALL)).isInstanceOf(BadInput.class);
    }

    @Test
    void theStandardLimitsEndAnEndlessLoopToo() {
        String source = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
        assertThatThrownBy(() -> render(source, data(), Limits.DEFAULT))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("steps");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ s.__class__ }}",
                "{{ s['__class__'] }}",
                "{{ xs.getClass }}",
                "{{ d.class }}",
                "{{ s.bytes }}",
                "{{ s|string.__class__ }}",
                "{{ d.clear }}{{ xs.append }}",
                "{{ config }}{{ request }}{{ system }}"
            })
    void thereIsNothingBehindAValue(String source) {
        Map<String, Object> data = data();
        try {
            assertThat(render(source, data, SMALL)).isEmpty();
        } catch (BadInput refused) {
            assertThat(refused).hasMessageContaining("no filter");
        }
        assertThat(data).isEqualTo(data());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ s.__class__.__mro__ }}",
                "{{ s.__class__() }}",
                "{{ s.getClass() }}",
                "{{ d.put('x', 1) }}",
                "{{ d.update({'x': 1}) }}",
                "{{ xs.append(1) }}",
                "{% set d.x = 1 %}",
                "{{ range.__globals__ }}",
                "{% macro m() %}{% endmacro %}{{ m.__globals__ }}",
                "{{ s|attr('__class__') }}",
                "{{ lipsum() }}",
                "{{ cycler.__init__ }}",
                "{% include '/etc/passwd' %}",
                "{% import 'os' as os %}",
                "{% extends 'x' %}",
                "{% block a %}{% endblock %}",
                "{% for x in xs recursive %}{% endfor %}"
            })
    void escapesAreRefused(String source) {
        Map<String, Object> data = data();
        assertThatThrownBy(() -> render(source, data, SMALL)).isInstanceOf(BadInput.class);
        assertThat(data).isEqualTo(data());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                "[",
                "{1:",
                "-",
                "not ",
                "1+(",
                "x|f(",
                "x[",
                "x(",
                "1 if 1 else ",
                "1 if ",
                "x is y(",
                "'a' ~ ("
            })
    void deepNestingOfExpressionsIsRefusedByTheParser(String opening) {
        assertThatThrownBy(() -> render("{{ " + opening.repeat(100_000), data(), SMALL))
                .isInstanceOf(BadInput.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% if 1 %}",
                "{% for x in xs %}",
                "{% set a %}",
                "{% filter upper %}",
                "{% macro m() %}",
                "{% if 0 %}{% else %}"
            })
    void deepNestingOfStatementsIsRefusedByTheParser(String opening) {
        assertThatThrownBy(() -> render(opening.repeat(100_000), data(), SMALL)).isInstanceOf(BadInput.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"+1", "*1", "~1", " and 1", " or 0", ".a", "[0]", "|string", "()", " is odd", "**1", " if 1"})
    void longChainsAreRefusedOrDone(String link) {
        try {
            render("{{ 1" + link.repeat(50_000) + " }}", data(), SMALL);
        } catch (BadInput refused) {
            assertThat(refused.getMessage()).contains("line 1");
        }
    }

    @Test
    void errorsTellTheLine() {
        assertThatThrownBy(() -> render("a\n{% if 1 %}\n\n{{ 1 / 0 }}{% endif %}", data(), SMALL))
                .hasMessage("chat template t, line 4: division by zero");
        assertThatThrownBy(() -> render("a\n\n{% block x %}", data(), SMALL))
                .hasMessage(
                        "chat template t, line 3: the statement 'block' is not supported by Candor's template engine");
        assertThatThrownBy(() -> render("a\n{{ s |\n wordwrap }}", data(), SMALL))
                .hasMessage(
                        "chat template t, line 3: the filter 'wordwrap' is not supported by Candor's template engine");
        assertThatThrownBy(() -> render("a\n{% set \uff58 = 3 %}", data(), SMALL))
                .hasMessageContaining("line 2: the spelling of the name");
        assertThatThrownBy(() -> render("{{ [][7].x }}", data(), SMALL))
                .hasMessageEndingWith("a list has no item or attribute 7");
        assertThatThrownBy(() -> render("{{ self is defined }}", data(), SMALL))
                .hasMessageContaining("'self' is not supported");
        assertThatThrownBy(() -> render("{% if 1 %}\n{{ 2 }}\n", data(), SMALL))
                .hasMessage("chat template t, line 2: 'if' of line 1 is not closed");
        assertThatThrownBy(() -> render("{{ raise_exception('no\nsystem') }}", data(), SMALL))
                .hasMessage("chat template t, line 1: the template refuses: no system");
    }

    @Test
    void generationBlocksTellWhereTheyLie() {
        Template.Rendered r = Template.parse(
                        "t", "a{% for x in xs %}<{% generation %}{{ x }}!{% endgeneration %}>{% endfor %}")
                .render(data(), NOW, SMALL);
        assertThat(r.text()).isEqualTo("a<1!><2!>");
        assertThat(r.generations()).containsExactly(new Template.Span(2, 4), new Template.Span(6, 8));
        assertThatThrownBy(() -> render(
                        "{% macro m() %}{% generation %}{% endgeneration %}{% endmacro %}{{ m() }}", data(), SMALL))
                .hasMessageContaining("a generation block inside a macro");
    }

    /** Mutants of all the test templates: cut, doubled, swapped and sprinkled with syntax. */
    @Test
    @SuppressWarnings("unchecked")
    void mutatedTemplatesGiveOutputOrBadInput() throws IOException {
        List<String> sources = new ArrayList<>();
        for (String name : List.of(
                "llama31", "llama32", "qwen25", "qwen3", "mistral3", "gemma3", "deepseek", "macros", "generation")) {
            sources.add(new String(resource("models/" + name + ".jinja"), StandardCharsets.UTF_8));
        }
        List<Object> chats = (List<Object>) JsonValues.of(new ObjectMapper().readTree(resource("conversations.json")));
        String[] pieces = {
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-",
            "+",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            "|",
            "'",
            "\"",
            "\\",
            ".",
            ",",
            ":",
            "~",
            "*",
            "%",
            "=",
            " not ",
            " is ",
            " in ",
            " if ",
            " else ",
            "{% endif %}",
            "{% endfor %}",
            "{% set x = x %}",
            "[::-1]",
            "|tojson",
            "|list",
            "0",
            "9e99",
            "99999999999999999999",
            "\n",
            "\u0000",
            "\ud800",
            "é",
            "🙂",
            "{% raw %}",
            "{% break %}",
            "loop",
            "messages",
            "()"
        };
        SplittableRandom random = new SplittableRandom(20260305);
        int rendered = 0;
        for (int i = 0; i < 1000; i++) {
            StringBuilder source = new StringBuilder(sources.get(random.nextInt(sources.size())));
            for (int m = random.nextInt(4); m >= 0; m--) {
                int at = random.nextInt(source.length());
                int end = Math.min(source.length(), at + 1 + random.nextInt(12));
                switch (random.nextInt(4)) {
                    case 0 -> source.delete(at, end);
                    case 1 -> source.insert(at, source.substring(at, end));
                    case 2 -> source.insert(random.nextInt(source.length()), source.substring(at, end));
                    default -> source.insert(at, pieces[random.nextInt(pieces.length)]);
                }
            }
            Map<String, Object> chat = (Map<String, Object>) chats.get(random.nextInt(chats.size()));
            Map<String, Object> variables = new LinkedHashMap<>(chat);
            variables.putIfAbsent("tools", null);
            variables.put("bos_token", "<s>");
            variables.put("eos_token", "</s>");
            variables.put("add_generation_prompt", random.nextBoolean());
            try {
                render(source.toString(), variables, SMALL);
                rendered++;
            } catch (BadInput expected) {
                assertThat(expected.getMessage()).startsWith("chat template t, line ");
            } catch (RuntimeException | StackOverflowError e) {
                fail("mutant " + i + ":\n" + source, e);
            }
        }
        assertThat(rendered).isBetween(100, 900);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = HostileTemplateTest.class.getResourceAsStream("/templates/" + name)) {
            return in.readAllBytes();
        }
    }
}
