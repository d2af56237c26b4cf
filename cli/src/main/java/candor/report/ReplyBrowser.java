package candor.report;

import candor.report.html.Element;
import candor.report.html.FileLink;
import candor.report.html.Node;
import candor.report.html.Visible;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Rows with what every arm said to them, to be filtered by arm, task and verdict. No script does it: a choice in a list is something
 * that the style sheet can see ({@code :has(option:checked)}); a browser that cannot shows all of them.
 */
final class ReplyBrowser {
    /** Replies on a page, of all its parts, and of one: a browser must open it. */
    private static final int MOST_ON_A_PAGE = 1800;

    private static final int MOST = 600;

    /** More verdicts than that share the last place of the list. */
    private static final int MOST_VERDICTS = 12;

    /** Arms that can be chosen; of more, the replies are there all the same. */
    private static final int MOST_ARMS = 60;

    private static final int LONGEST = 1500;
    private static final String OTHER = "other verdicts";

    /** What one arm said, and what it was judged to be. */
    record Answer(String arm, String verdict, String reply) {}

    /** A row: what was asked, and what the arms answered. */
    record Row(String task, String id, String system, String prompt, List<Answer> answers) {}

    /** How many arms, tasks and verdicts a browser filters by. */
    record Classes(int arms, int tasks, int verdicts) {
        static final Classes NONE = new Classes(0, 0, 0);

        Classes most(Classes other) {
            return new Classes(
                    Math.max(arms, other.arms), Math.max(tasks, other.tasks), Math.max(verdicts, other.verdicts));
        }

        /** The rules that hide what is not chosen: those of every choice, and of every two that rows must fit together. */
        String rules() {
            List<String> hidden = new ArrayList<>();
            for (int t = 0; t < tasks; t++) {
                hidden.add(chosen("t" + t) + " article:not(.t" + t + ")");
            }
            List<String> answers = new ArrayList<>();
            for (int a = 0; a < arms; a++) {
                answers.add("a" + a);
            }
            for (int v = 0; v < verdicts; v++) {
                answers.add("v" + v);
            }
            for (String answer : answers) {
                hidden.add(chosen(answer) + " .reply:not(." + answer + ")");
                hidden.add(chosen(answer) + " article:not(:has(." + answer + "))");
            }
            for (int a = 0; a < arms; a++) {
                for (int v = 0; v < verdicts; v++) {
                    hidden.add(chosen("a" + a) + ":has(.v" + v + ":checked) article:not(:has(.a" + a + ".v" + v + "))");
                }
            }
            return hidden.isEmpty()
                    ? ""
                    : hidden.stream().map(rule -> rule + "{display:none}\n").collect(Collectors.joining());
        }

        private static String chosen(String name) {
            return ".browser:has(." + name + ":checked)";
        }
    }

    private ReplyBrowser() {}

    /** How many replies a part of a page with so many parts may show. */
    static int share(int parts) {
        return Math.min(MOST, MOST_ON_A_PAGE / Math.max(1, parts));
    }

    static Classes classes(List<Row> rows) {
        return new Classes(
                Math.min(MOST_ARMS, arms(rows).size()),
                tasks(rows).size(),
                verdicts(rows).size());
    }

    private static List<String> tasks(List<Row> rows) {
        return rows.stream().map(Row::task).distinct().toList();
    }

    private static Stream<Answer> answers(List<Row> rows) {
        return rows.stream().flatMap(row -> row.answers().stream());
    }

    private static List<String> arms(List<Row> rows) {
        return answers(rows).map(Answer::arm).distinct().toList();
    }

    /** The most frequent first; equally frequent ones by name. */
    private static List<String> verdicts(List<Row> rows) {
        Map<String, Long> counts = answers(rows)
                .collect(Collectors.groupingBy(Answer::verdict, LinkedHashMap::new, Collectors.counting()));
        List<String> all = counts.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                        .thenComparing(Map.Entry.comparingByKey()))
                .map(Map.Entry::getKey)
                .toList();
        return all.size() <= MOST_VERDICTS
                ? all
                : Stream.concat(all.stream().limit(MOST_VERDICTS - 1), Stream.of(OTHER))
                        .toList();
    }

    /**
     * How to use it, and what it leaves out.
     *
     * @param all replies that there are
     * @param which of them are on the page
     * @param csv that has all of them
     * @param also another file that has
     */
    static Node note(List<Row> rows, long all, String which, FileBeside csv, String also) {
        return Element.of(
                        "p",
                        "Choose an arm, a task or a verdict; no network and no script is needed. Here are "
                                + answers(rows).count() + " of the " + all + " replies: " + which
                                + ". Texts are cut after " + LONGEST + " characters. All replies, in full: ",
                        new FileLink(csv.name()),
                        ", and " + also + ".")
                .cls("note");
    }

    /**
     * The browser.
     *
     * @param id of its own on the page: small letters, digits and dashes
     */
    static Node of(String id, List<Row> rows) {
        List<String> tasks = tasks(rows);
        List<String> arms = arms(rows);
        List<String> verdicts = verdicts(rows);
        Element browser = Element.of("div").cls("browser");
        browser.add(Element.of(
                        "div",
                        choice(
                                id + "-arm",
                                "Arm",
                                "a",
                                "all arms",
                                arms.stream().limit(MOST_ARMS).toList()),
                        choice(id + "-task", "Task", "t", "all tasks", tasks),
                        choice(id + "-verdict", "Verdict", "v", "all verdicts", verdicts))
                .cls("filters"));
        Element list = Element.of("div")
                .cls("list")
                .attr("role", "region")
                .attr("tabindex", "0")
                .attr("aria-label", "Replies");
        for (Row row : rows) {
            Element article = Element.of(
                            "article", Element.of("h5", Visible.brief(row.task() + ", row " + row.id(), 160)))
                    .cls("row t" + tasks.indexOf(row.task()));
            if (!row.system().isBlank()) {
                article.add(Element.of("p", "System prompt").cls("who soft"), Said.text(row.system(), LONGEST));
            }
            article.add(Element.of("p", "Asked").cls("who soft"), Said.text(row.prompt(), LONGEST));
            List<Element> said = new ArrayList<>();
            for (Answer answer : row.answers()) {
                int verdict = verdicts.indexOf(answer.verdict());
                said.add(Element.of("div", Said.who(answer.arm(), answer.verdict()), Said.text(answer.reply(), LONGEST))
                        .cls("reply a" + arms.indexOf(answer.arm()) + " v"
                                + (verdict < 0 ? verdicts.size() - 1 : verdict)));
            }
            article.add(Element.of("div", said).cls("sides"));
            list.add(article);
        }
        return browser.add(list, Element.of("p").cls("count"));
    }

    private static Element choice(String id, String name, String letter, String all, List<String> values) {
        Element select = Element.of("select", Element.of("option", all)).attr("id", id);
        for (int i = 0; i < values.size(); i++) {
            select.add(Element.of("option", Visible.brief(Words.plain(values.get(i)), 80))
                    .cls(letter + i));
        }
        return Element.of("p", Element.of("label", name).attr("for", id), select);
    }
}
